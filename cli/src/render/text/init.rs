//! `init`: the files that it wrote, and what is left to the user.

use super::findings;
use crate::line::{Line, Tone};
use crate::view::{Init, Lines};

pub(super) fn lines(view: &Init) -> Vec<Line> {
    let created = view.created.iter();
    let changed = view.changed.iter();
    let mut lines: Vec<Line> = created
        .map(|path| Line::worded(Tone::Good, "created", path))
        .chain(changed.map(|path| Line::worded(Tone::Good, "changed", path)))
        .collect();
    if lines.is_empty() {
        lines.push(Line::result("nothing to write: all files exist"));
    }
    lines.extend(view.lines.iter().map(to_add));
    lines.extend(findings::warning(view.findings));
    lines.extend(view.notes.iter().map(Line::note));
    if !view.next.is_empty() {
        let commands: Vec<String> = view.next.iter().map(|one| format!("`{one}`")).collect();
        lines.push(Line::note(format!("next, run {}", commands.join(" and "))));
    }
    lines
}

fn to_add(Lines { path, lines }: &Lines) -> Line {
    let lines = lines.lines().map(|line| match line {
        "" => String::from("\n"),
        line => format!("\n    {line}"),
    });
    Line::result(format!("add to {path}:\n{}\n", lines.collect::<String>()))
}
