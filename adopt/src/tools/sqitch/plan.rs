//! `sqitch.plan`. From the source of Sqitch: `App/Sqitch/Plan.pm`.

use std::collections::BTreeSet;

use migrator_model::{Code, Place, Problem};

/// A plan.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) project: String,
    pub(super) changes: Vec<Change>,
}

/// A change of the plan.
#[derive(Debug)]
pub(super) struct Change {
    /// The name. It may contain `/`.
    pub(super) name: String,
    /// When the change was planned, as `YYYYMMDDHHMMSS`.
    pub(super) time: String,
    /// The tags behind the change.
    tags: Vec<String>,
    /// The offset of the line in the plan, in bytes.
    pub(super) offset: usize,
}

impl Plan {
    /// Reads a plan. Sqitch knows the pragmas `syntax-version`, `project` and `uri`, and keeps all
    /// others.
    ///
    /// # Errors
    ///
    /// The plan has no project.
    pub(super) fn read(
        path: &str,
        text: &str,
        problems: &mut Vec<Problem>,
    ) -> Result<Plan, Box<Problem>> {
        let (mut project, mut changes) = (None, Vec::<Change>::new());
        let mut names = BTreeSet::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let content = line.split('#').next().unwrap_or_default().trim();
            if let Some(pragma) = content.strip_prefix('%') {
                let (name, value) = pragma.split_once('=').unwrap_or((pragma, ""));
                if name.trim() == "project" {
                    project = Some(value.trim().to_owned());
                }
                continue;
            }
            if content.is_empty() {
                continue;
            }
            let message = match (entry(content), changes.last_mut()) {
                (Some(Entry::Tag(tag)), Some(change)) => {
                    change.tags.push(tag);
                    names.clear();
                    continue;
                }
                (Some(Entry::Change { name, time }), _) if names.insert(name.clone()) => {
                    changes.push(Change {
                        name,
                        time,
                        tags: Vec::new(),
                        offset: start,
                    });
                    continue;
                }
                (Some(Entry::Change { name, .. }), _) => {
                    format!("the plan has change `{name}` twice, without a tag between")
                }
                (Some(Entry::Tag(_)), None) => "this tag is before the first change".to_owned(),
                (None, _) => "this line is not a change or a tag with a time".to_owned(),
            };
            let help = "correct the plan; `sqitch plan` shows whether Sqitch can read it";
            let place = Place::within(path, text, start);
            problems.push(Problem::at(Code::M1002, place, message, help));
        }
        match project.filter(|project| !project.is_empty()) {
            Some(project) => Ok(Plan { project, changes }),
            None => {
                let message = "the plan has no line `%project=NAME`";
                let help = "add the name of the project, as in the history of the database";
                Err(Problem::at(Code::M1001, Place::file(path), message, help).into())
            }
        }
    }

    /// How many changes up to this one have its name.
    pub(super) fn number(&self, index: usize) -> usize {
        let name = &self.changes[index].name;
        let earlier = self.changes[..=index].iter();
        earlier.filter(|change| change.name == *name).count()
    }

    /// The tags between this change and the one that reworks it, newest first. One of them is in
    /// the names of its scripts. Empty if the change is not reworked.
    pub(super) fn rework_tags(&self, index: usize) -> Vec<&str> {
        let name = &self.changes[index].name;
        let later = &self.changes[index + 1..];
        let Some(length) = later.iter().position(|change| change.name == *name) else {
            return Vec::new();
        };
        let between = self.changes[index..=index + length].iter().rev();
        between
            .flat_map(|change| change.tags.iter().map(String::as_str))
            .collect()
    }
}

enum Entry {
    Change { name: String, time: String },
    Tag(String),
}

/// `name [dependencies] TIME PLANNER`, or the same with `@` before the name and no dependencies.
fn entry(content: &str) -> Option<Entry> {
    let (content, is_tag) = match content.strip_prefix('@') {
        Some(rest) => (rest, true),
        None => (
            content.strip_prefix('+').unwrap_or(content).trim_start(),
            false,
        ),
    };
    let (name, rest) = content.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(list) => list.split_once(']')?.1.trim_start(),
        None => rest,
    };
    let time = time(rest.split_whitespace().next()?)?;
    if name.is_empty() || name.starts_with(['-', '/']) || name.contains([':', '@', '\\']) {
        return None;
    }
    let name = name.to_owned();
    Some(match is_tag {
        true => Entry::Tag(name),
        false => Entry::Change { name, time },
    })
}

/// The digits of `2024-01-01T12:00:00Z`.
fn time(word: &str) -> Option<String> {
    let shape: String = word
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let digits = word.chars().filter(char::is_ascii_digit);
    (shape == "0000-00-00T00:00:00Z").then(|| digits.collect())
}

#[cfg(test)]
mod tests {
    use super::Plan;

    const BY: &str = "2024-01-01T12:00:00Z A <a@example.com>";

    fn read(lines: &[&str]) -> (Option<Plan>, Vec<String>) {
        let text = lines.join("\n").replace("BY", BY);
        let mut problems = Vec::new();
        let plan = Plan::read("sqitch.plan", &text, &mut problems);
        let plan = plan.map_err(|problem| problems.push(*problem)).ok();
        let shown = problems
            .iter()
            .map(|one| format!("{}: {}", one.place.as_ref().unwrap(), one.message));
        (plan, shown.collect())
    }

    #[test]
    fn a_reworked_change_has_the_tags_up_to_the_next_one() {
        let lines = [
            "%project=a",
            "%strange",
            "",
            "a BY",
            "@v1 BY",
            "b BY",
            "@v2 BY",
            "a BY",
        ];
        let (plan, problems) = read(&lines);
        assert_eq!(problems, [] as [String; 0]);
        let plan = plan.unwrap();
        assert_eq!(plan.rework_tags(0), ["v2", "v1"]);
        assert_eq!(plan.rework_tags(1), [] as [&str; 0]);
        assert_eq!([0, 1, 2].map(|index| plan.number(index)), [1, 1, 2]);
    }

    #[test]
    fn a_wrong_line_has_a_place() {
        let (plan, problems) = read(&[
            "%project = a",
            "@v1 BY",
            "+a BY",
            "a BY",
            "b",
            "-a BY",
            "c 2024",
        ]);
        assert_eq!(plan.unwrap().changes.len(), 1);
        let wrong = "this line is not a change or a tag with a time";
        assert_eq!(
            problems,
            [
                "sqitch.plan:2:1: this tag is before the first change".to_owned(),
                "sqitch.plan:4:1: the plan has change `a` twice, without a tag between".to_owned(),
                format!("sqitch.plan:5:1: {wrong}"),
                format!("sqitch.plan:6:1: {wrong}"),
                format!("sqitch.plan:7:1: {wrong}"),
            ]
        );
    }

    #[test]
    fn a_plan_has_a_project() {
        for lines in [&[] as &[&str], &["%project="], &["a BY"]] {
            let (plan, problems) = read(lines);
            assert!(plan.is_none());
            assert_eq!(
                problems,
                ["sqitch.plan: the plan has no line `%project=NAME`"]
            );
        }
    }
}
