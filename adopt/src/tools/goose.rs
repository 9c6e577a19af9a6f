//! goose: `00001_create_users.sql`, with both scripts in one file behind `-- +goose Up` and
//! `-- +goose Down`.
//!
//! From its source: `internal/sqlparser/parser.go` for the marks,
//! `internal/dialects/postgres.go` for the table, `lock/` for the lock.

use migrator_model::Problem;

use crate::files::Files;
use crate::history::{Database, Lock, Table, rfc_3339_of_local};
use crate::marks::{self, Mark};
use crate::moment::Moment;
use crate::source::{OldMigration, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Goose;

/// `lock.DefaultLockID`.
const LOCK: i64 = 4_097_083_626;

impl Tool for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        for name in files.names() {
            let parsed = parse(name);
            if let Some((version, title)) = parsed.filter(|_| has_ending(name, "sql")) {
                match files
                    .text(name)
                    .and_then(|text| migration(files, name, version, title, &text))
                {
                    Ok(migration) => source.migrations.push(migration),
                    Err(problem) => source.problems.push(*problem),
                }
                continue;
            }
            let path = files.shown(name);
            match parsed {
                Some((version, _)) => source.leave_out_program(path, &version.to_string()),
                None => source.leave_out(path, "its name is not VERSION_NAME.sql"),
            }
        }
        source
            .migrations
            .sort_by_key(|one| one.key.parse::<u64>().unwrap_or_default());
        source
    }

    fn is_mark(&self, line: &str) -> bool {
        mark(line).is_some()
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "goose_db_version",
            columns: &["id", "version_id", "is_applied", "tstamp"],
        }
    }

    /// A version may have several rows, and the last one counts. Row 0 stands for the empty
    /// database.
    fn query(&self, table: &str) -> String {
        format!(
            "SELECT version_id::pg_catalog.text, {time}, 'applied' FROM (\
               SELECT DISTINCT ON (version_id) version_id, is_applied, tstamp FROM {table} \
               ORDER BY version_id, id DESC) AS newest \
             WHERE is_applied AND version_id OPERATOR(pg_catalog.>) 0",
            time = rfc_3339_of_local("tstamp")
        )
    }

    fn lock(&self, _: Database<'_>) -> Lock {
        Lock::Advisory(LOCK)
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit('.').next() == Some(ending)
}

/// The version and the title of a file.
fn parse(name: &str) -> Option<(u64, &str)> {
    let (version, rest) = name.split_once('_')?;
    let title = rest
        .strip_suffix(".sql")
        .or_else(|| rest.strip_suffix(".go"))?;
    Some((version.parse().ok()?, title))
}

/// What a line of a file says to goose.
fn mark(line: &str) -> Option<Mark> {
    let rest = line.trim_end().strip_prefix("--")?.trim_start();
    let words = rest.strip_prefix("+goose")?.trim();
    match words.to_ascii_lowercase().as_str() {
        "up" => Some(Mark::Up),
        "down" => Some(Mark::Down),
        "no transaction" => Some(Mark::NoTransaction),
        "envsub on" => Some(Mark::Placeholders),
        _ => Some(Mark::Other),
    }
}

/// Makes a migration of a file.
fn migration(
    files: &Files,
    name: &str,
    version: u64,
    title: &str,
    file: &str,
) -> Result<OldMigration, Box<Problem>> {
    let path = files.shown(name);
    let (up, down) = marks::split(&path, file, mark)?;
    let digits = name.split('_').next().unwrap_or_default();
    Ok(OldMigration {
        key: version.to_string(),
        origin: name.to_owned(),
        title: title.to_owned(),
        moment: Moment::of_digits(digits).unwrap_or(Moment::Number(version)),
        up,
        down,
    })
}

#[cfg(test)]
mod tests {
    use super::Goose;
    use crate::files::Files;
    use crate::tool::Tool;

    const NOTES: &str = "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE note (id int);\n\
                         -- +goose StatementEnd\n\n-- +goose Down\nDROP TABLE note;\n";

    #[test]
    fn both_scripts_are_in_one_file() {
        let files = Files::of(
            "db",
            &[
                ("00002_b.sql", "-- +goose up\nSELECT 1;\n"),
                ("00001_notes.sql", NOTES),
            ],
        );
        let source = Goose.read(&files);
        assert_eq!(source.problems, []);
        let [notes, other] = source.migrations.as_slice() else {
            panic!("{source:?}")
        };
        assert_eq!((notes.key.as_str(), notes.title.as_str()), ("1", "notes"));
        assert_eq!(notes.down.as_ref().unwrap().sql, "DROP TABLE note;\n");
        assert!(!notes.up.no_transaction);
        assert_eq!(other.down, None);
    }

    #[test]
    fn a_file_may_say_that_it_needs_no_transaction() {
        let text = format!("-- +goose NO TRANSACTION\n{NOTES}");
        let source = Goose.read(&Files::of("db", &[("20240101120000_notes.sql", &text)]));
        let notes = &source.migrations[0];
        assert!(notes.up.no_transaction && notes.down.as_ref().unwrap().no_transaction);
    }

    #[test]
    fn what_cannot_be_converted_has_a_place() {
        let files = Files::of(
            "db",
            &[
                ("00001_a.sql", "SELECT 1;\n"),
                (
                    "00002_b.sql",
                    "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '${A}';\n",
                ),
                ("00003_c.go", "package migrations"),
                ("schema.sql", "SELECT 1;"),
            ],
        );
        let source = Goose.read(&files);
        let problems = source.problems.iter();
        let problems: Vec<_> = problems
            .map(|problem| format!("{}: {}", problem.place.as_ref().unwrap(), problem.message))
            .collect();
        assert_eq!(
            problems,
            [
                "db/00001_a.sql:1:1: no line of this file marks the up script",
                "db/00002_b.sql:2:1: the other tool replaces placeholders in this file",
            ]
        );
        let left_out: Vec<_> = source
            .left_out
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(left_out, ["db/00003_c.go", "db/schema.sql"]);
    }
}
