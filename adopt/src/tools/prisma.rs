//! Prisma: folders `20240101120000_create_users` with `migration.sql`. It has no down scripts.
//!
//! From its source: `schema-engine/connectors/schema-connector/src/migrations_directory.rs` for the
//! folders and `migration_lock.toml`, `migration_persistence.rs` beside it for the table's meaning,
//! and `sql-schema-connector/src/flavour/postgres` for the table and the lock.

use migrator_model::{Code, Place, Problem};

use crate::files::Files;
use crate::history::{Database, Lock, Table, rfc_3339};
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Prisma;

/// The key in `SELECT pg_advisory_lock(72707369)`.
const LOCK: i64 = 72_707_369;

/// The file that names the kind of database.
const PROVIDER: &str = "migration_lock.toml";

impl Tool for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        source.problems.extend(wrong_provider(files));
        for path in files.paths() {
            let (folder, file) = path.split_once('/').unwrap_or(("", path));
            if path != PROVIDER && (folder.is_empty() || file != "migration.sql") {
                let why = "it is not migration.sql in a migration's folder";
                source.leave_out(files.shown(path), why);
            }
        }
        // Prisma applies the folders in the order of their names.
        for folder in files.folders() {
            let path = format!("{folder}/migration.sql");
            if !files.has(&path) {
                if folder.starts_with(|c: char| c.is_ascii_digit()) {
                    source.problems.push(no_script(files, folder));
                }
                continue;
            }
            match files.text(&path) {
                Ok(text) => {
                    let (digits, title) = folder.split_once('_').unwrap_or((folder, ""));
                    source.add_up(OldMigration {
                        key: folder.to_owned(),
                        origin: folder.to_owned(),
                        title: title.to_owned(),
                        moment: Moment::of_digits(digits).unwrap_or(Moment::Number(0)),
                        up: OldScript::query(files.shown(&path), text),
                        down: None,
                    });
                }
                Err(problem) => source.problems.push(*problem),
            }
        }
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "_prisma_migrations",
            columns: &["migration_name", "finished_at", "rolled_back_at"],
        }
    }

    /// A migration may have a row for each attempt. Attempts that were rolled back do not count.
    fn query(&self, table: &str) -> String {
        format!(
            "SELECT migration_name, {time}, \
             CASE WHEN finished_at IS NULL THEN 'failed' ELSE 'applied' END \
             FROM {table} WHERE rolled_back_at IS NULL",
            time = rfc_3339("finished_at")
        )
    }

    fn lock(&self, _: Database<'_>) -> Lock {
        Lock::Advisory(LOCK)
    }
}

fn no_script(files: &Files, folder: &str) -> Problem {
    let place = Place::file(files.shown(folder));
    let message = "this folder has no `migration.sql`";
    let help = "put the script into the folder, or remove the folder";
    Problem::at(Code::M1002, place, message, help)
}

/// The problem that the migrations are for another kind of database. The file may be missing.
fn wrong_provider(files: &Files) -> Option<Problem> {
    if !files.has(PROVIDER) {
        return None;
    }
    let text = match files.text(PROVIDER) {
        Ok(text) => text,
        Err(problem) => return Some(*problem),
    };
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, provider) = lines.find(|(key, _)| key.trim() == "provider")?;
    let provider = provider.trim().trim_matches('"');
    if ["postgresql", "postgres"].contains(&provider) {
        return None;
    }
    let place = Place::file(files.shown(PROVIDER));
    let message = format!("these migrations are for `{provider}`, not for `postgresql`");
    let help = "name the folder with the migrations for Postgres";
    Some(Problem::at(Code::M1002, place, message, help))
}

#[cfg(test)]
mod tests {
    use super::Prisma;
    use crate::files::Files;
    use crate::tool::Tool;
    use crate::tools::tests::messages;

    #[test]
    fn a_migration_is_a_folder() {
        let source = Prisma.read(&Files::of(
            "db",
            &[
                ("0_init/migration.sql", "SELECT 1;\r\n"),
                (
                    "20240101120000_index/migration.sql",
                    "CREATE INDEX CONCURRENTLY \"i\" ON \"a\" (\"b\");",
                ),
                ("20240101120000_index/README.md", ""),
                ("20240102000000/migration.sql", ""),
                ("migration.sql", ""),
                (
                    "migration_lock.toml",
                    "# a comment\nprovider = \"postgresql\"\n",
                ),
            ],
        ));
        assert_eq!(source.problems, []);
        let all = source.migrations.iter();
        let all: Vec<_> = all
            .map(|one| (one.key.as_str(), one.title.as_str(), one.up.no_transaction))
            .collect();
        assert_eq!(
            all,
            [
                ("0_init", "init", false),
                ("20240101120000_index", "index", true),
                ("20240102000000", "", false),
            ]
        );
        assert_eq!(source.migrations[0].up.sql, "SELECT 1;\n");
        assert_eq!(source.left_out.len(), 2);
    }

    #[test]
    fn what_does_not_fit_is_a_problem() {
        let source = Prisma.read(&Files::of(
            "db",
            &[
                ("20240101120000_a/migration.SQL", ""),
                ("migration_lock.toml", "provider = \"mysql\""),
            ],
        ));
        assert_eq!(
            messages(&source),
            [
                "db/migration_lock.toml: these migrations are for `mysql`, not for `postgresql`",
                "db/20240101120000_a: this folder has no `migration.sql`",
            ]
        );
    }
}
