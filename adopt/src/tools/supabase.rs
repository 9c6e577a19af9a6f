//! Supabase: `20240101120000_create_users.sql`, without down scripts.
//!
//! From the source of its command line: `pkg/migration/list.go` and `file.go` for the file names,
//! `history.go` for the table. All statements of a file run in one transaction. It has no lock.

use std::collections::BTreeSet;

use migrator_model::{Code, Place, Problem};

use crate::files::Files;
use crate::history::Table;
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Supabase;

/// The tool skips a first file called `init` that is older than this version.
const FIRST_INIT: u64 = 20_211_209_000_000;

impl Tool for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut versions = BTreeSet::new();
        // The tool applies the files in the order of their names.
        for (index, name) in files.names().enumerate() {
            let parsed = parse(name);
            let why = match parsed {
                None => Some("its name is not VERSION_NAME.sql"),
                Some(file) if index == 0 && is_old_init(file) => {
                    Some("Supabase skips a first file called `init` from before December 2021")
                }
                Some(_) => None,
            };
            if let Some(why) = why {
                source.leave_out(files.shown(name), why);
            }
            let Some((version, title)) = parsed.filter(|_| why.is_none()) else {
                continue;
            };
            match migration(files, name, version, title) {
                Ok(_) if !versions.insert(version) => source.problems.push(second(files, name)),
                Ok(migration) => source.migrations.push(migration),
                Err(problem) => source.problems.push(*problem),
            }
        }
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: Some("supabase_migrations"),
            name: "schema_migrations",
            columns: &["version"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!("SELECT version, NULL, 'applied' FROM {table}")
    }
}

/// The version and the title of a file.
fn parse(name: &str) -> Option<(&str, &str)> {
    let (version, title) = name.strip_suffix(".sql")?.split_once('_')?;
    let is_version = !version.is_empty() && version.bytes().all(|c| c.is_ascii_digit());
    is_version.then_some((version, title))
}

fn is_old_init((version, title): (&str, &str)) -> bool {
    let number = version.parse::<u64>();
    title == "init" && version.len() == 14 && number.is_ok_and(|number| number < FIRST_INIT)
}

fn migration(
    files: &Files,
    name: &str,
    version: &str,
    title: &str,
) -> Result<OldMigration, Box<Problem>> {
    let text = files.text(name)?;
    Ok(OldMigration {
        key: version.to_owned(),
        origin: name.to_owned(),
        title: title.to_owned(),
        moment: Moment::of_digits(version).unwrap_or(Moment::Number(0)),
        up: OldScript::whole(files.shown(name), text),
        down: None,
    })
}

fn second(files: &Files, name: &str) -> Problem {
    let message = "another file has the version of this file";
    let help = "give one of the files another version";
    Problem::at(Code::M1002, Place::file(files.shown(name)), message, help)
}

#[cfg(test)]
mod tests {
    use super::Supabase;
    use crate::files::Files;
    use crate::history::{OldEntry, OldState};
    use crate::tool::Tool;

    #[test]
    fn a_file_is_an_up_script() {
        let source = Supabase.read(&Files::of(
            "supabase/migrations",
            &[
                (
                    "20240101120000_notes.sql",
                    "CREATE TABLE note (id int);\r\n",
                ),
                ("20240102_.sql", ""),
                ("seed.sql", "SELECT 1;\n"),
            ],
        ));
        assert_eq!(source.problems, []);
        let [notes, empty] = source.migrations.as_slice() else {
            panic!("{source:?}")
        };
        assert_eq!(
            (notes.key.as_str(), notes.title.as_str()),
            ("20240101120000", "notes")
        );
        assert_eq!(notes.up.sql, "CREATE TABLE note (id int);\n");
        assert_eq!((&notes.down, empty.up.sql.as_str()), (&None, ""));
        assert_eq!(source.left_out[0].path, "supabase/migrations/seed.sql");
        let entry = OldEntry {
            key: "20240101120000".to_owned(),
            applied_on: None,
            state: OldState::Applied,
        };
        let history = Supabase.applied(&source, &[entry]).unwrap();
        assert_eq!(history.applied, [(0, None)]);
    }

    #[test]
    fn two_files_cannot_have_one_version() {
        let files = [("1_a.sql", "SELECT 1;"), ("1_b.sql", "SELECT 1;")];
        let source = Supabase.read(&Files::of("db", &files));
        assert_eq!(source.migrations.len(), 1);
        assert_eq!(
            source.problems[0].place.as_ref().unwrap().to_string(),
            "db/1_b.sql"
        );
    }

    #[test]
    fn an_old_first_file_called_init_is_left_out() {
        let files = [
            ("20211208000000_init.sql", ""),
            ("20211208000001_init.sql", ""),
        ];
        let source = Supabase.read(&Files::of("db", &files));
        assert_eq!((source.left_out.len(), source.migrations.len()), (1, 1));
    }
}
