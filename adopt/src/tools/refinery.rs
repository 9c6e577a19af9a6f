//! refinery: `V1__create_users.sql`, and `U1__create_users.sql` for a migration that may be applied
//! late. Both count the same here.
//!
//! From its source: `refinery_core/src/util.rs` for the file names and `refinery:noTransaction`,
//! which release 0.10 does not have yet; `refinery_core/src/traits/mod.rs` for the table. It has no
//! lock.

use crate::files::Files;
use crate::history::Table;
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Refinery;

impl Tool for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut ordered = Vec::new();
        for path in files.paths() {
            let name = path.rsplit('/').next().unwrap_or_default();
            match (parse(name, ".sql"), parse(name, ".rs")) {
                (Some((version, title)), _) => ordered.push((version, title, path)),
                (None, Some((version, _))) => {
                    source.leave_out_program(files.shown(path), &version.to_string());
                }
                (None, None) => source.leave_out(
                    files.shown(path),
                    "its name is not VNUMBER__NAME.sql or UNUMBER__NAME.sql",
                ),
            }
        }
        ordered.sort_unstable();
        for (version, title, path) in ordered {
            match files.text(path) {
                Ok(text) => source.add_up(OldMigration {
                    key: version.to_string(),
                    origin: path.to_owned(),
                    title: title.to_owned(),
                    moment: Moment::of_digits(&version.to_string()).unwrap_or(Moment::Number(0)),
                    up: OldScript {
                        no_transaction: text.lines().any(is_no_transaction),
                        ..OldScript::whole(files.shown(path), text)
                    },
                    down: None,
                }),
                Err(problem) => source.problems.push(*problem),
            }
        }
        source
    }

    fn is_mark(&self, line: &str) -> bool {
        is_no_transaction(line.trim_end_matches('\n'))
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "refinery_schema_history",
            columns: &["version", "name", "applied_on", "checksum"],
        }
    }

    /// `applied_on` is text in RFC 3339.
    fn query(&self, table: &str) -> String {
        format!("SELECT version::pg_catalog.text, applied_on, 'applied' FROM {table}")
    }
}

/// The version and the title of a file with this ending.
fn parse<'a>(name: &'a str, ending: &str) -> Option<(i64, &'a str)> {
    let stem = name.strip_suffix(ending)?;
    let (digits, title) = stem.strip_prefix(['V', 'U'])?.split_once("__")?;
    let is_title = !title.is_empty() && title.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let version = digits.parse().ok()?;
    (is_title && is_number).then_some((version, title))
}

fn is_no_transaction(line: &str) -> bool {
    let rest = line.trim_start_matches('-');
    let mark = rest.strip_prefix([' ', '\t']).unwrap_or(rest);
    line.starts_with("--") && mark == "refinery:noTransaction"
}

#[cfg(test)]
mod tests {
    use super::Refinery;
    use crate::files::Files;
    use crate::tool::Tool;
    use crate::tools::tests::{messages, read};

    #[test]
    fn versions_are_numbers() {
        let mark = "-- refinery:noTransaction\nCREATE INDEX CONCURRENTLY i ON a (b);\n";
        let source = Refinery.read(&Files::of(
            "db",
            &[
                ("V10__c.sql", mark),
                ("V1__a.sql", ""),
                ("later/U2__b.sql", "SELECT 1;\r\n"),
                ("V3__d.rs", "pub fn migration() -> String"),
                ("V4_e.sql", ""),
                ("V5__f.SQL", ""),
                ("V99999999999999999999__g.sql", ""),
            ],
        ));
        assert_eq!(source.problems, []);
        let all = source.migrations.iter();
        let all: Vec<_> = all
            .map(|one| (one.key.as_str(), one.title.as_str(), one.up.no_transaction))
            .collect();
        assert_eq!(
            all,
            [("1", "a", false), ("2", "b", false), ("10", "c", true)]
        );
        assert!(Refinery.is_mark("-- refinery:noTransaction\n"));
        assert_eq!(source.left_out.len(), 4);
        assert_eq!(
            source.left_out[0].why,
            "it is a program, and only SQL is converted"
        );
    }

    #[test]
    fn two_files_of_one_version_are_a_problem() {
        let source = read(&Refinery, &["V1__a.sql", "U1__b.sql"]);
        assert_eq!(
            messages(&source),
            ["db/U1__b.sql: version 1 has another up script, `db/V1__a.sql`"]
        );
    }
}
