//! dbmate: `20240101120000_create_users.sql`, with both scripts in one file behind
//! `-- migrate:up` and `-- migrate:down`.
//!
//! From its source: `pkg/dbmate/migration.go` for the file names, `pkg/dbmate/parsed_migration.go`
//! for the marks, `pkg/driver/postgres/postgres.go` for the table. It has no lock.

use migrator_model::Problem;

use crate::files::Files;
use crate::history::Table;
use crate::marks::{self, Mark};
use crate::moment::Moment;
use crate::source::{OldMigration, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Dbmate;

impl Tool for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        for name in files.names() {
            let Some((version, title)) = parse(name) else {
                source.leave_out(files.shown(name), "its name is not VERSION_NAME.sql");
                continue;
            };
            match migration(files, name, version, title) {
                Ok(migration) => source.migrations.push(migration),
                Err(problem) => source.problems.push(*problem),
            }
        }
        // dbmate applies the files in the order of their names.
        source
    }

    fn is_mark(&self, line: &str) -> bool {
        mark(line).is_some()
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "schema_migrations",
            columns: &["version"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!("SELECT version, NULL, 'applied' FROM {table}")
    }
}

/// The version and the title of a file. The version is all digits at the start of its name.
fn parse(name: &str) -> Option<(&str, &str)> {
    let stem = name.strip_suffix(".sql")?;
    let end = stem
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(stem.len());
    let (version, title) = stem.split_at(end);
    (!version.is_empty()).then(|| (version, title.trim_start_matches('_')))
}

fn mark(line: &str) -> Option<Mark> {
    let rest = line.trim_end().strip_prefix("--")?.trim_start();
    let rest = rest.strip_prefix("migrate:")?;
    let (direction, options) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let outside = options
        .split_whitespace()
        .any(|option| option == "transaction:false");
    Some(match (direction, outside) {
        ("up", false) => Mark::Up,
        ("up", true) => Mark::UpWithoutTransaction,
        ("down", false) => Mark::Down,
        ("down", true) => Mark::DownWithoutTransaction,
        _ => Mark::Other,
    })
}

fn migration(
    files: &Files,
    name: &str,
    version: &str,
    title: &str,
) -> Result<OldMigration, Box<Problem>> {
    let file = files.text(name)?;
    let (up, down) = marks::split(&files.shown(name), &file, mark)?;
    Ok(OldMigration {
        key: version.to_owned(),
        origin: name.to_owned(),
        title: title.to_owned(),
        moment: Moment::of_digits(version).unwrap_or(Moment::Number(0)),
        up,
        down,
    })
}

#[cfg(test)]
mod tests {
    use super::Dbmate;
    use crate::files::Files;
    use crate::tool::Tool;

    #[test]
    fn each_script_says_whether_it_runs_in_a_transaction() {
        let text = "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (b);\n\n\
                    -- migrate:down\nDROP INDEX i;\n";
        let source = Dbmate.read(&Files::of(
            "db",
            &[("20240101120000_i.sql", text), ("schema.sql", "")],
        ));
        assert_eq!(source.problems, []);
        let index = &source.migrations[0];
        let down = index.down.as_ref().unwrap();
        assert!(index.up.no_transaction && !down.no_transaction);
        assert_eq!(
            (index.key.as_str(), down.sql.as_str()),
            ("20240101120000", "DROP INDEX i;\n")
        );
        assert_eq!(source.left_out.len(), 1);
    }
}
