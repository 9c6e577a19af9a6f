//! The results of `check` as a comment for a pull request, in Markdown.
//!
//! GitHub and GitLab show tables, lists and code in the same way.

mod escape;
#[cfg(test)]
mod tests;

use migrator_analysis::effects::TableEffect;
use migrator_model::LockMode;

use super::text::check::summary;
use crate::view::{Check, Located, NewMigration, Verification, blocked, severity_word, work};
use escape::{code, sentence};

/// The rows or items of a section. GitHub refuses a comment of more than 65,536 characters.
const MOST: usize = 100;

/// The comment.
pub(super) fn comment(check: &Check) -> String {
    let mut parts = vec!["### Migrations".to_owned(), sentence(&summary(check)) + "."];
    let new = check.base.as_ref().map_or(&[][..], |base| &base.new);
    if !new.is_empty() {
        parts.push(table(new));
    }
    let destroys: Vec<String> = new.iter().flat_map(destroyed).collect();
    parts.extend(section("Destructive steps", &destroys));
    let unknown: Vec<String> = new.iter().flat_map(unknown).collect();
    let title = "Statements that may lock or destroy more than the table shows";
    parts.extend(section(title, &unknown));
    let findings: Vec<String> = check.findings.iter().map(finding).collect();
    parts.extend(section("Findings", &findings));
    parts.join("\n\n")
}

/// One row for each table of each new migration.
fn table(new: &[NewMigration]) -> String {
    let head = [
        "| migration | table | strongest lock | blocks | rows | verified |",
        "| --- | --- | --- | --- | --- | --- |",
    ];
    let rows: Vec<String> = new.iter().flat_map(rows).collect();
    let left = rows.len().saturating_sub(MOST);
    let more = (left > 0).then(|| format!("\n{left} more rows are not shown."));
    let rows = rows.into_iter().take(MOST).chain(more);
    let lines = head.map(str::to_owned).into_iter().chain(rows);
    lines.collect::<Vec<_>>().join("\n")
}

fn rows(migration: &NewMigration) -> Vec<String> {
    let ends = (
        code(&migration.id.to_string()),
        verified(&migration.verified),
    );
    let row = |number: usize, middle: &str| match number {
        0 => format!("| {} | {middle} | {} |", ends.0, ends.1),
        _ => format!("| | {middle} | |"),
    };
    if migration.tables.is_empty() {
        let table = match migration.unknown.is_empty() {
            true => "none",
            false => "unknown",
        };
        return vec![row(0, &format!("{table} | | |"))];
    }
    let tables = migration.tables.iter().enumerate();
    tables
        .map(|(number, one)| row(number, &cells(one)))
        .collect()
}

/// The table, its lock, what that blocks, and the work with its rows.
fn cells(effect: &TableEffect) -> String {
    let table = code(&effect.table);
    if effect.is_new {
        return format!("{table} | new table or view | |");
    }
    let lock = effect.lock.map_or("unknown", LockMode::as_str);
    let blocks = match effect.lock {
        Some(lock) => blocked(lock).unwrap_or("no reads or writes"),
        None => "unknown",
    };
    format!("{table} | {lock} | {blocks} | {}", work(effect.work))
}

fn verified(verification: &Verification) -> String {
    match verification {
        Verification::Missing => "not verified".to_owned(),
        Verification::OtherScripts => "not verified: the scripts have changed".to_owned(),
        Verification::Found {
            verdict,
            is_accepted,
        } => match (verdict.as_str(), is_accepted) {
            ("sound", _) => "verified".to_owned(),
            ("irreversible", _) => "verified: irreversible".to_owned(),
            (verdict, true) => format!("{}, accepted", sentence(verdict)),
            (verdict, false) => format!("**{}**", sentence(verdict)),
        },
    }
}

fn destroyed(migration: &NewMigration) -> Vec<String> {
    let id = code(&migration.id.to_string());
    let tables = migration.tables.iter();
    let steps = tables.flat_map(|one| one.destroys.iter().map(|what| (&one.table, what)));
    steps
        .map(|(table, what)| format!("{id}: {}: {}", code(table), sentence(what)))
        .collect()
}

fn unknown(migration: &NewMigration) -> Vec<String> {
    let id = code(&migration.id.to_string());
    let statements = migration.unknown.iter();
    statements
        .map(|one| format!("{id}, line {}: {}", one.line, sentence(&one.words)))
        .collect()
}

fn finding(finding: &Located) -> String {
    let problem = &finding.problem;
    let mut place = problem.path().unwrap_or_default().to_owned();
    if let Some(position) = problem.position() {
        place = format!("{place}:{}:{}", position.line, position.column);
    }
    let message = sentence(&finding.message());
    let severity = severity_word(problem.severity);
    let head = format!("{severity} {}, {}: {message}", problem.code, code(&place));
    match problem.help.is_empty() {
        true => head,
        false => format!("{head}. Help: {}", sentence(&problem.help)),
    }
}

/// A list with a title; nothing if it is empty.
fn section(title: &str, items: &[String]) -> Option<String> {
    let left = items.len().saturating_sub(MOST);
    let more = (left > 0).then(|| format!("- {left} more"));
    let lines = items.iter().take(MOST).map(|item| format!("- {item}"));
    let lines: Vec<String> = lines.chain(more).collect();
    (!lines.is_empty()).then(|| format!("**{title}**\n\n{}", lines.join("\n")))
}
