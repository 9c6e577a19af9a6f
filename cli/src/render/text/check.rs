//! `check`: the findings, how many there are of each code, and the sum.

use migrator_model::Severity;

use crate::line::{Line, Tone};
use crate::render::problem;
use crate::view::{Base, Check, GrammarAnswer, Located, severity_word};
use crate::words::count;

pub(super) fn lines(view: &Check) -> Vec<Line> {
    let mut lines = Vec::new();
    lines.extend(findings(&view.findings));
    if view.findings.len() > 1 {
        lines.extend(table(view));
    }
    lines.push(Line::result(summary(view)));
    if let Some(base) = view.base.as_ref().filter(|base| base.findings > 0) {
        let findings = count(base.findings, "finding");
        let name = &base.name;
        lines.push(Line::warning(format!(
            "the tree at `{name}` has {findings}, and the migrations with findings were not compared"
        )));
    }
    if view.left_out > 0 {
        let findings = count(view.left_out, "finding");
        lines.push(Line::note(format!(
            "{findings} of other services or codes not shown"
        )));
    }
    lines
}

/// Errors come last, where a terminal still shows them.
fn findings(findings: &[Located]) -> Option<Line> {
    let of = |severity| {
        let findings = findings.iter();
        findings.filter(move |one| one.problem.severity == severity)
    };
    let findings = of(Severity::Warning).chain(of(Severity::Error));
    let texts: Vec<String> = findings.map(problem::text).collect();
    (!texts.is_empty()).then(|| Line::Finding(texts.join("\n\n")))
}

fn table(view: &Check) -> impl Iterator<Item = Line> {
    let counts = view.codes.iter().map(|one| one.count.to_string().len());
    let width = counts.max().unwrap_or_default();
    view.codes.iter().map(move |one| {
        let tone = match one.severity {
            Severity::Warning => Tone::Warn,
            Severity::Error => Tone::Bad,
        };
        let word = severity_word(one.severity);
        let gap = " ".repeat("warning".len() - word.len());
        let (code, count, title) = (one.code, one.count, one.title);
        Line::worded(tone, word, &format!("{gap}{code} {count:>width$}  {title}"))
    })
}

/// How much the tree has, and how much is wrong with it.
pub(in crate::render) fn summary(view: &Check) -> String {
    let errors = view.errors();
    let warnings = view.findings.len() - errors;
    let folder = &view.folder;
    // A tree with errors may have migrations and services that were not recognised.
    let found = match (errors, warnings) {
        (0, warnings) => {
            let migrations = count(view.migrations, "migration");
            let services = count(view.services, "service");
            let warnings = match warnings {
                0 => "no findings".to_owned(),
                warnings => count(warnings, "warning"),
            };
            format!("{migrations} of {services} in {folder}: {warnings}")
        }
        (errors, 0) => format!("{} in {folder}", count(errors, "error")),
        (errors, warnings) => {
            let errors = count(errors, "error");
            let warnings = count(warnings, "warning");
            format!("{errors} and {warnings} in {folder}")
        }
    };
    let base = view.base.iter().map(new);
    let server = view.server.iter().map(|answer| server(answer, errors));
    let further = base.chain(server);
    further.fold(found, |found, further| format!("{found}; {further}"))
}

/// How many migrations the base does not have.
fn new(base: &Base) -> String {
    let new = match base.new.len() {
        0 => "no new migrations".to_owned(),
        number => count(number, "new migration"),
    };
    format!("{new} since `{}`", base.name)
}

fn server(answer: &GrammarAnswer, errors: usize) -> String {
    let scripts = count(answer.scripts, "script");
    let says = match (answer.refused, errors) {
        (0, 0) => "accepts their grammar".to_owned(),
        (0, _) => format!("accepts the grammar of {scripts}"),
        (refused, _) => format!("refuses the grammar of {refused} of {scripts}"),
    };
    format!("PostgreSQL {} {says}", answer.version)
}
