//! golang-migrate: `000001_create_users.up.sql` and `.down.sql`.
//!
//! Its history has one row, the newest version. From its source: `source/parse.go` for the file
//! names, `database/postgres/postgres.go` for the table, and `database/util.go` for the lock.

use migrator_model::Problem;

use crate::files::Files;
use crate::history::{Database, Lock, OldEntry, OldHistory, Table};
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct GolangMigrate;

impl Tool for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut ordered = Vec::new();
        for name in files.names() {
            match parse(name) {
                Some(parsed) => ordered.push((parsed, name)),
                None => source.leave_out(
                    files.shown(name),
                    "its name is not VERSION_NAME.up.sql or VERSION_NAME.down.sql",
                ),
            }
        }
        ordered.sort_by_key(|(parsed, _)| (parsed.version, !parsed.is_up));
        for (parsed, name) in ordered {
            let script = match files.text(name) {
                Ok(text) => OldScript::query(files.shown(name), text),
                Err(problem) => {
                    source.problems.push(*problem);
                    continue;
                }
            };
            let key = parsed.version.to_string();
            if !parsed.is_up {
                source.add_down(&key, script);
                continue;
            }
            let digits = name.split('_').next().unwrap_or_default();
            source.add_up(OldMigration {
                key,
                origin: name.to_owned(),
                title: parsed.title.to_owned(),
                moment: Moment::of_digits(digits).unwrap_or(Moment::Number(parsed.version)),
                up: script,
                down: None,
            });
        }
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "schema_migrations",
            columns: &["version", "dirty"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!(
            "SELECT version::pg_catalog.text, NULL, \
             CASE WHEN dirty THEN 'failed' ELSE 'applied' END FROM {table}"
        )
    }

    /// `GenerateAdvisoryLockId`: the CRC-32 of the names, times a salt, in 32 bits.
    fn lock(&self, database: Database<'_>) -> Lock {
        let Database {
            database,
            schema,
            table,
        } = database;
        let names = [schema, table, database].join("\0");
        let sum = crc32fast::hash(names.as_bytes()).wrapping_mul(1_486_364_155);
        Lock::Advisory(i64::from(sum))
    }

    fn applied(&self, source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        // A negative version stands for a database whose migrations were all reverted.
        match entries {
            [newest] if !newest.key.starts_with('-') => OldHistory::up_to(source, newest),
            _ => Ok(OldHistory::default()),
        }
    }
}

struct Parsed<'a> {
    version: u64,
    title: &'a str,
    is_up: bool,
}

fn parse(name: &str) -> Option<Parsed<'_>> {
    let (version, rest) = name.split_once('_')?;
    let up = rest.strip_suffix(".up.sql");
    Some(Parsed {
        version: version.parse().ok()?,
        title: up.or_else(|| rest.strip_suffix(".down.sql"))?,
        is_up: up.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::GolangMigrate;
    use crate::files::Files;
    use crate::history::{Database, Lock, OldEntry, OldState};
    use crate::tool::Tool;

    fn files() -> Files {
        let file = |name: &'static str| (name, "SELECT 1;\n");
        Files::of(
            "db",
            &[
                file("000001_notes.up.sql"),
                file("000001_notes.down.sql"),
                file("000010_c.up.sql"),
                file("2_b.up.sql"),
                file("7_lost.down.sql"),
            ],
        )
    }

    fn entry(key: &str, state: OldState) -> OldEntry {
        OldEntry {
            key: key.to_owned(),
            applied_on: None,
            state,
        }
    }

    #[test]
    fn versions_are_numbers() {
        let source = GolangMigrate.read(&files());
        let keys: Vec<_> = source
            .migrations
            .iter()
            .map(|one| one.key.as_str())
            .collect();
        assert_eq!(keys, ["1", "2", "10"]);
        assert!(source.migrations[0].down.is_some() && source.migrations[1].down.is_none());
        assert_eq!(source.problems.len(), 1);
        assert_eq!(
            source.problems[0].message,
            "this down script has no up script"
        );
    }

    #[test]
    fn the_newest_version_means_all_before_it() {
        let source = GolangMigrate.read(&files());
        let applied = |entries: &[OldEntry]| GolangMigrate.applied(&source, entries);
        let two = applied(&[entry("2", OldState::Applied)]).unwrap();
        assert_eq!(two.applied, [(0, None), (1, None)]);
        assert_eq!(applied(&[]).unwrap().applied, []);
        assert_eq!(
            applied(&[entry("-1", OldState::Applied)]).unwrap().applied,
            []
        );
        let failed = applied(&[entry("2", OldState::Failed)]).unwrap_err();
        assert_eq!(
            failed.message,
            "the old history says that migration `2` failed"
        );
        assert!(applied(&[entry("3", OldState::Applied)]).is_err());
    }

    #[test]
    fn the_lock_is_that_of_the_tool() {
        // The tool's own test has this number for these names.
        let database = Database {
            database: "database_name",
            schema: "public",
            table: "schema_migrations",
        };
        assert!(matches!(
            GolangMigrate.lock(database),
            Lock::Advisory(1..=0xffff_ffff)
        ));
    }
}
