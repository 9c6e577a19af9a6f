//! diesel: folders `2024-01-01-120000_create_users` with `up.sql` and `down.sql`.
//!
//! From its source: `diesel_migrations/migrations_internals/src/lib.rs` for the folders and
//! `metadata.toml`, `diesel_migrations/src/file_based_migrations.rs` for the versions, and
//! `diesel/src/migration/setup_migration_table.sql` for the table. It has no lock.

use migrator_model::{Code, Place, Problem};

use crate::files::Files;
use crate::history::{Table, rfc_3339_of_local};
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Diesel;

/// The files of a migration's folder.
const KNOWN: [&str; 3] = ["up.sql", "down.sql", "metadata.toml"];

impl Tool for Diesel {
    fn name(&self) -> &'static str {
        "diesel"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        for path in files.paths() {
            let is_known = path
                .split_once('/')
                .is_some_and(|(_, rest)| KNOWN.contains(&rest));
            if !is_known {
                let why = "it is not up.sql, down.sql or metadata.toml in a migration's folder";
                source.leave_out(files.shown(path), why);
            }
        }
        let mut folders: Vec<_> = files.folders().into_iter().collect();
        folders.sort_by_cached_key(|folder| version(folder));
        for folder in folders {
            match migration(files, folder) {
                Ok(Some(migration)) => source.add_up(migration),
                Ok(None) => {}
                Err(problem) => source.problems.push(*problem),
            }
        }
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "__diesel_schema_migrations",
            columns: &["version", "run_on"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!(
            "SELECT version, {time}, 'applied' FROM {table}",
            time = rfc_3339_of_local("run_on")
        )
    }
}

/// The part of a folder's name before `_`, without `-`.
fn version(folder: &str) -> String {
    folder
        .split('_')
        .next()
        .unwrap_or_default()
        .replace('-', "")
}

/// The migration in a folder. `None` if the folder is for something else.
fn migration(files: &Files, folder: &str) -> Result<Option<OldMigration>, Box<Problem>> {
    let path = |name: &str| format!("{folder}/{name}");
    let key = version(folder);
    if !files.has(&path("up.sql")) {
        if !KNOWN.iter().any(|name| files.has(&path(name))) {
            return Ok(None);
        }
        let place = Place::file(files.shown(folder));
        let message = "this folder has no `up.sql`";
        let help = "put the up script into the folder, or remove the folder";
        return Err(Problem::at(Code::M1002, place, message, help).into());
    }
    let metadata = path("metadata.toml");
    let no_transaction = match files.has(&metadata) {
        true => !run_in_transaction(&files.text(&metadata)?),
        false => false,
    };
    let script = |name: &str| {
        let text = files.text(&path(name))?;
        Ok::<_, Box<Problem>>(OldScript {
            no_transaction,
            ..OldScript::whole(files.shown(&path(name)), text)
        })
    };
    let down = match files.has(&path("down.sql")) {
        true => Some(script("down.sql")?),
        false => None,
    };
    Ok(Some(OldMigration {
        moment: Moment::of_digits(&key).unwrap_or(Moment::Number(0)),
        key,
        origin: folder.to_owned(),
        title: folder.split_once('_').unwrap_or_default().1.to_owned(),
        up: script("up.sql")?,
        down,
    }))
}

/// Reads `metadata.toml`. diesel takes `run_in_transaction` for false if the file lacks it.
fn run_in_transaction(metadata: &str) -> bool {
    let own = metadata
        .lines()
        .take_while(|line| !line.trim_start().starts_with('['));
    own.filter_map(|line| line.split('#').next()?.split_once('='))
        .any(|(key, value)| key.trim() == "run_in_transaction" && value.trim() == "true")
}

#[cfg(test)]
mod tests {
    use super::Diesel;
    use crate::files::Files;
    use crate::tool::Tool;
    use crate::tools::tests::{messages, read};

    #[test]
    fn a_migration_is_a_folder() {
        let source = Diesel.read(&Files::of(
            "db",
            &[
                (".gitkeep", ""),
                ("00000000000000_diesel_initial_setup/up.sql", "SELECT 1;"),
                (
                    "2024-01-01-120000_index/metadata.toml",
                    "run_in_transaction = false # CONCURRENTLY\n[other]\nrun_in_transaction = true\n",
                ),
                ("2024-01-01-120000_index/up.sql", "SELECT 2;\r\n"),
                ("2024-01-01-120000_index/down.sql", ""),
                ("20240101115959_early/up.sql", ""),
                ("20240101115959_early/metadata.toml", "run_in_transaction = true"),
                ("tests/notes.md", ""),
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
                ("00000000000000", "diesel_initial_setup", false),
                ("20240101115959", "early", false),
                ("20240101120000", "index", true),
            ]
        );
        assert_eq!(source.migrations[2].up.sql, "SELECT 2;\n");
        assert_eq!(source.left_out.len(), 2);
    }

    #[test]
    fn folders_that_do_not_fit_together_are_problems() {
        let source = read(
            &Diesel,
            &["2024-01-01_a/up.sql", "20240101_b/up.sql", "3_c/down.sql"],
        );
        assert_eq!(
            messages(&source),
            [
                "db/20240101_b/up.sql: version 20240101 has another up script, \
                 `db/2024-01-01_a/up.sql`",
                "db/3_c: this folder has no `up.sql`",
            ]
        );
    }
}
