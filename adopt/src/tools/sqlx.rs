//! sqlx: `20240101120000_create_users.sql`, or a pair of `.up.sql` and `.down.sql`.
//!
//! From its source: `sqlx-core/src/migrate/source.rs` for the file names and
//! `-- no-transaction`, `sqlx-postgres/src/migrate.rs` for the table and the lock.

use crate::files::Files;
use crate::history::{Database, Lock, Table, rfc_3339};
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Sqlx;

/// The start of a script that runs without a transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

impl Tool for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut ordered = Vec::new();
        for name in files.names() {
            match parse(name) {
                Some(parsed) => ordered.push((parsed, name)),
                None => source.leave_out(
                    files.shown(name),
                    "its name is not VERSION_NAME.sql with a number as version",
                ),
            }
        }
        ordered.sort_by_key(|(parsed, _)| (parsed.version, !parsed.is_up));
        for (parsed, name) in ordered {
            match files.text(name) {
                Ok(text) => add(&mut source, &parsed, name, script(files.shown(name), text)),
                Err(problem) => source.problems.push(*problem),
            }
        }
        source
    }

    fn is_mark(&self, line: &str) -> bool {
        line.trim_end() == NO_TRANSACTION
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "_sqlx_migrations",
            columns: &["version", "description", "installed_on", "success"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!(
            "SELECT version::pg_catalog.text, {time}, \
             CASE WHEN success THEN 'applied' ELSE 'failed' END FROM {table}",
            time = rfc_3339("installed_on")
        )
    }

    /// `generate_lock_id`: a constant times the CRC-32 of the database's name.
    fn lock(&self, database: Database<'_>) -> Lock {
        let sum = i64::from(crc32fast::hash(database.database.as_bytes()));
        Lock::Advisory(sum.wrapping_mul(0x3d32_ad9e))
    }
}

struct Parsed<'a> {
    version: i64,
    digits: &'a str,
    title: &'a str,
    is_up: bool,
}

fn parse(name: &str) -> Option<Parsed<'_>> {
    let (digits, rest) = name.split_once('_')?;
    let down = rest.strip_suffix(".down.sql");
    let up = rest.strip_suffix(".up.sql");
    Some(Parsed {
        version: digits.parse().ok()?,
        digits,
        title: down.or(up).or_else(|| rest.strip_suffix(".sql"))?,
        is_up: down.is_none(),
    })
}

fn script(path: String, text: String) -> OldScript {
    let no_transaction = text.starts_with(NO_TRANSACTION);
    OldScript {
        no_transaction,
        ..OldScript::whole(path, text)
    }
}

fn add(source: &mut Source, parsed: &Parsed<'_>, name: &str, script: OldScript) {
    let key = parsed.version.to_string();
    match parsed.is_up {
        true => source.add_up(OldMigration {
            key,
            origin: name.to_owned(),
            title: parsed.title.to_owned(),
            moment: Moment::of_digits(parsed.digits).unwrap_or(Moment::Number(0)),
            up: script,
            down: None,
        }),
        false => source.add_down(&key, script),
    }
}

#[cfg(test)]
mod tests {
    use super::Sqlx;
    use crate::files::Files;
    use crate::history::{Database, Lock};
    use crate::tool::Tool;
    use crate::tools::tests::{messages, read};

    #[test]
    fn a_version_has_one_file_or_two() {
        let source = Sqlx.read(&Files::of(
            "db",
            &[
                ("0001_a.sql", "SELECT 1;\r\n"),
                ("20240101120000_b.down.sql", "SELECT 3;"),
                (
                    "20240101120000_b.up.sql",
                    "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (b);",
                ),
                ("README.md", ""),
                ("x_y.sql", ""),
            ],
        ));
        assert_eq!(source.problems, []);
        let [a, b] = source.migrations.as_slice() else {
            panic!("{source:?}")
        };
        assert_eq!((a.key.as_str(), a.title.as_str()), ("1", "a"));
        assert_eq!((&a.down, a.up.sql.as_str()), (&None, "SELECT 1;\n"));
        assert!(b.up.no_transaction && !b.down.as_ref().unwrap().no_transaction);
        assert_eq!((b.key.as_str(), b.title.as_str()), ("20240101120000", "b"));
        assert_eq!(source.left_out.len(), 2);
    }

    #[test]
    fn files_that_do_not_fit_together_are_problems() {
        let source = read(&Sqlx, &["1_a.sql", "01_b.up.sql", "2_c.down.sql", "3_.sql"]);
        assert_eq!(
            messages(&source),
            [
                "db/1_a.sql: version 1 has another up script, `db/01_b.up.sql`",
                "db/2_c.down.sql: this down script has no up script",
            ]
        );
        assert_eq!(source.migrations.len(), 2);
    }

    #[test]
    fn the_lock_is_that_of_the_tool() {
        // The key that sqlx 0.9 took in this database.
        let database = Database {
            database: "foreign_notes",
            schema: "public",
            table: "_sqlx_migrations",
        };
        let lock = Sqlx.lock(database);
        assert_eq!(lock, Lock::Advisory(2_784_293_793_921_840_304));
    }
}
