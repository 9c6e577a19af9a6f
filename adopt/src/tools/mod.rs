//! The tools. Each has a file of its own.

mod alembic;
mod dbmate;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod node_pg_migrate;
mod prisma;
mod refinery;
mod sqitch;
mod sqlx;
mod supabase;

use crate::tool::Tool;

/// All tools, by name.
pub const ALL: &[&dyn Tool] = &[
    &alembic::Alembic,
    &dbmate::Dbmate,
    &diesel::Diesel,
    &drizzle::Drizzle,
    &flyway::Flyway,
    &golang_migrate::GolangMigrate,
    &goose::Goose,
    &node_pg_migrate::NodePgMigrate,
    &prisma::Prisma,
    &refinery::Refinery,
    &sqitch::Sqitch,
    &sqlx::Sqlx,
    &supabase::Supabase,
];

/// The tool with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Tool> {
    ALL.iter().copied().find(|tool| tool.name() == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ALL;
    use crate::files::Files;
    use crate::history::{Database, OldEntry, OldState};
    use crate::source::Source;
    use crate::tool::Tool;

    /// Reads a folder with these files, each with the same script.
    pub(super) fn read(tool: &dyn Tool, paths: &[&str]) -> Source {
        let files: Vec<_> = paths.iter().map(|path| (*path, "SELECT 1;\n")).collect();
        tool.read(&Files::of("db", &files))
    }

    /// The places and messages of a source's problems.
    pub(super) fn messages(source: &Source) -> Vec<String> {
        let problems = source.problems.iter();
        problems
            .map(|problem| format!("{}: {}", problem.place.as_ref().unwrap(), problem.message))
            .collect()
    }

    #[test]
    fn the_tools_are_sorted() {
        assert!(ALL.is_sorted_by(|a, b| a.name() < b.name()));
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_a_problem() {
        for (tool, path) in [
            ("dbmate", "1_a.sql"),
            ("diesel", "1_a/up.sql"),
            ("flyway", "V1__a.sql"),
            ("golang-migrate", "1_a.up.sql"),
            ("goose", "1_a.sql"),
            ("prisma", "1_a/migration.sql"),
            ("refinery", "V1__a.sql"),
            ("sqlx", "1_a.sql"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, b"SELECT '\xff';").unwrap();
            let files = Files::read(folder.path(), "db").unwrap();
            let source = super::find(tool).unwrap().read(&files);
            let message = format!("db/{path}: byte 8 of this file is not UTF-8");
            assert_eq!(messages(&source), [message]);
            assert_eq!(source.migrations, []);
        }
    }

    /// Names that some tool reads, and wrong ones.
    const PATH: &str = "([VUBR]?[0-9]{0,20}[-._]{0,2}[0-9]{0,3}_{0,2}[a-zé]{0,3}/?){1,2}\
                        ((\\.up|\\.down)?\\.(sql|SQL|conf|rs)|up\\.sql|migration\\.sql|metadata\\.toml)?";

    /// Text with the marks of some tool.
    const TEXT: &str = "(-- (migrate:|\\+goose |no-)?(up|down|transaction)|\\$\\{?a?\\}?|BEGIN;|COMMIT;|\
                        'é?|\r?\n|[ -~]{0,5}|run_in_transaction ?= ?(true|false)|\\$\\$){0,8}";

    proptest! {
        #[test]
        fn no_folder_or_history_causes_a_panic(
            files in proptest::collection::vec((PATH, TEXT), 0..6),
            keys in proptest::collection::vec("B?-?[0-9._]{0,21}", 0..4),
            name in "\\PC{0,5}",
        ) {
            let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            let files = Files::of("db", &files);
            let entries: Vec<_> = keys.into_iter().map(|key| OldEntry {
                key,
                applied_on: None,
                state: OldState::Applied,
            }).collect();
            for tool in ALL {
                let source = tool.read(&files);
                let count = source.migrations.len();
                if let Ok(history) = tool.applied(&source, &entries) {
                    let applied: Vec<_> = history.applied.iter().map(|(index, _)| *index).collect();
                    prop_assert!(applied.is_sorted_by(|a, b| a < b));
                    prop_assert!(applied.iter().all(|index| *index < count));
                }
                for one in &source.migrations {
                    prop_assert!(one.up.file[one.up.offset..].starts_with(&one.up.sql));
                }
                tool.lock(Database { database: &name, schema: &name, table: &name });
            }
        }
    }
}
