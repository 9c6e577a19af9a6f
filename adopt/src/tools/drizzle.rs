//! Drizzle: `0001_brave_hulk.sql` in the order of `meta/_journal.json`, or, since version 1,
//! folders such as `20240101120000_brave_hulk/migration.sql`. It has no down scripts and no lock.
//!
//! From its source: `drizzle-orm/src/migrator.ts` for both layouts,
//! `drizzle-orm/src/migrator.utils.ts` for the time of a folder, and
//! `drizzle-orm/src/up-migrations/pg.ts` for the table. All files run in one transaction.

use std::collections::BTreeSet;

use migrator_model::{Code, Place, Problem, sql};
use serde_json::Value;

use crate::files::Files;
use crate::history::{OldEntry, OldHistory, Table};
use crate::moment::Moment;
use crate::source::{LeftOut, OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Drizzle;

const JOURNAL: &str = "meta/_journal.json";
/// Drizzle sends the statements between these marks one by one.
const BREAKPOINT: &str = "--> statement-breakpoint";

impl Tool for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let steps = match files.has(JOURNAL) {
            true => journal(files),
            false => Ok(folders(files)),
        };
        let steps = steps.unwrap_or_else(|problem| {
            source.problems.push(*problem);
            Vec::new()
        });
        let mut keys = BTreeSet::new();
        for step in &steps {
            let migration = match keys.insert(&step.key) {
                true => step.migration(files),
                false => Err(double(files, step)),
            };
            match migration {
                Ok(migration) => source.migrations.push(migration),
                Err(problem) => source.problems.push(*problem),
            }
        }
        let why = match files.has(JOURNAL) {
            true => "the journal does not name it",
            false => "it is not a file `migration.sql` in a folder",
        };
        let used: BTreeSet<_> = steps.iter().map(|step| step.path.as_str()).collect();
        source.left_out = files
            .names()
            .filter(|name| !used.contains(name))
            .map(|name| LeftOut::new(files.shown(name), why))
            .collect();
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: Some("drizzle"),
            name: "__drizzle_migrations",
            columns: &["id", "hash", "created_at"],
        }
    }

    /// Version 1 added the columns `name` and `applied_at`.
    fn query(&self, table: &str) -> String {
        format!(
            "SELECT coalesce(fields OPERATOR(pg_catalog.->>) 'name', created_at::pg_catalog.text), \
             fields OPERATOR(pg_catalog.->>) 'applied_at', 'applied' \
             FROM (SELECT created_at, pg_catalog.to_jsonb(old) AS fields FROM {table} AS old) AS old"
        )
    }

    /// An entry has the name of a folder, or a Unix time in milliseconds. The time in the name of a
    /// folder has seconds only.
    fn applied(&self, source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        let entries: Vec<_> = entries.iter().map(|entry| named(source, entry)).collect();
        OldHistory::by_key(source, &entries)
    }
}

/// The entry with the key that the folder has.
fn named(source: &Source, entry: &OldEntry) -> OldEntry {
    let has_key = |one: &&OldMigration| one.key == entry.key;
    let seconds = entry.key.parse::<u64>().ok().map(|millis| millis / 1000);
    let has_time = |one: &&OldMigration| {
        one.key.parse::<u64>().is_err() && one.moment.unix_seconds() == seconds
    };
    let mut all = source.migrations.iter();
    let found = all.find(has_key).or_else(|| {
        let mut same = source.migrations.iter().filter(has_time);
        same.next()
            .filter(|_| seconds.is_some() && same.next().is_none())
    });
    OldEntry {
        key: found.map_or_else(|| entry.key.clone(), |one| one.key.clone()),
        ..entry.clone()
    }
}

/// A migration before its file is read.
struct Step {
    key: String,
    path: String,
    title: String,
    moment: Moment,
}

impl Step {
    fn migration(&self, files: &Files) -> Result<OldMigration, Box<Problem>> {
        if !files.has(&self.path) {
            let message = format!("the journal names `{}`, which does not exist", self.path);
            let help = "put the file back";
            let place = Place::file(files.shown(JOURNAL));
            return Err(Problem::at(Code::M1001, place, message, help).into());
        }
        let text = without_breakpoints(&files.text(&self.path)?);
        Ok(OldMigration {
            key: self.key.clone(),
            origin: self.path.clone(),
            title: self.title.clone(),
            moment: self.moment,
            up: OldScript::whole(files.shown(&self.path), text),
            down: None,
        })
    }
}

/// The migrations of the journal, in its order.
fn journal(files: &Files) -> Result<Vec<Step>, Box<Problem>> {
    let fault = |message: String| {
        let help = "restore the journal that `drizzle-kit generate` wrote";
        let place = Place::file(files.shown(JOURNAL));
        Box::new(Problem::at(Code::M1001, place, message, help))
    };
    let text = files.text(JOURNAL)?;
    let journal: Value = serde_json::from_str(&text)
        .map_err(|error| fault(format!("this file is not JSON: {error}")))?;
    match journal["dialect"].as_str() {
        None | Some("pg" | "postgresql") => {}
        Some(other) => return Err(fault(format!("these migrations are for `{other}`"))),
    }
    let Some(entries) = journal["entries"].as_array() else {
        return Err(fault("this file has no list `entries`".to_owned()));
    };
    let steps = entries.iter().enumerate().map(|(index, entry)| {
        let (Some(tag), Some(when)) = (entry["tag"].as_str(), entry["when"].as_u64()) else {
            return Err(fault(format!("entry {index} has no `tag` or no `when`")));
        };
        Ok(Step {
            key: when.to_string(),
            path: format!("{tag}.sql"),
            title: title(tag).to_owned(),
            moment: Moment::of_digits(&when.to_string()).unwrap_or(Moment::Number(when)),
        })
    });
    steps.collect()
}

/// The folders with a file `migration.sql`, in the order of their names.
fn folders(files: &Files) -> Vec<Step> {
    let folders = files.folders().into_iter();
    let steps = folders.map(|folder| Step {
        key: folder.to_owned(),
        path: format!("{folder}/migration.sql"),
        title: title(folder).to_owned(),
        moment: folder
            .get(..14)
            .and_then(Moment::of_digits)
            .unwrap_or(Moment::Number(0)),
    });
    steps.filter(|step| files.has(&step.path)).collect()
}

fn title(tag: &str) -> &str {
    tag.trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('_')
}

fn double(files: &Files, step: &Step) -> Box<Problem> {
    let message = format!("two entries of the journal have the time {}", step.key);
    let help = "give one of them another `when`, and change its row in the history too";
    let place = Place::file(files.shown(JOURNAL));
    Problem::at(Code::M1002, place, message, help).into()
}

/// The script without the marks between its statements. A statement before a mark needs no
/// semicolon in Drizzle, and gets one here.
fn without_breakpoints(text: &str) -> String {
    let pieces: Vec<_> = text.split(BREAKPOINT).collect();
    let last = pieces.len() - 1;
    let pieces = pieces.into_iter().enumerate().map(|(index, piece)| {
        let statements = sql::statements(piece);
        match statements.last().filter(|_| index < last) {
            Some(at) if !piece[at.end..].trim_start().starts_with(';') => {
                format!("{};{}", &piece[..at.end], &piece[at.end..])
            }
            _ => piece.to_owned(),
        }
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::Drizzle;
    use crate::files::Files;
    use crate::history::{OldEntry, OldState};
    use crate::source::Source;
    use crate::tool::Tool;

    const NOTES: &str = r#"{"version":"7","dialect":"postgresql","entries":[
        {"idx":0,"version":"7","when":1704110400123,"tag":"0001_brave_hulk","breakpoints":true},
        {"idx":1,"version":"7","when":1704110400456,"tag":"0000_shy_storm","breakpoints":true}]}"#;

    fn read(files: &[(&str, &str)]) -> Source {
        Drizzle.read(&Files::of("drizzle", files))
    }

    fn applied(source: &Source, key: &str) -> Vec<usize> {
        let entry = OldEntry {
            key: key.to_owned(),
            applied_on: None,
            state: OldState::Applied,
        };
        let history = Drizzle.applied(source, &[entry]);
        let indices = history.map(|all| all.applied.into_iter().map(|(index, _)| index).collect());
        indices.unwrap_or_default()
    }

    fn faults(source: &Source) -> Vec<String> {
        let problems = source.problems.iter();
        let fault = problems.map(|one| format!("{}: {}", one.place.as_ref().unwrap(), one.message));
        fault.collect()
    }

    #[test]
    fn the_journal_gives_the_order_and_the_keys() {
        let hulk = "CREATE TABLE a (id int);--> statement-breakpoint\r\nCREATE TABLE b (id int)\r\n\
                    --> statement-breakpoint\r\nSELECT 1;";
        let source = read(&[
            ("meta/_journal.json", NOTES),
            ("0001_brave_hulk.sql", hulk),
            ("0000_shy_storm.sql", ""),
            ("0002_lost.sql", ""),
        ]);
        assert_eq!(source.problems, []);
        let hulk = &source.migrations[0];
        assert_eq!(
            (hulk.key.as_str(), hulk.title.as_str()),
            ("1704110400123", "brave_hulk")
        );
        assert_eq!(
            hulk.up.sql,
            "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n\nSELECT 1;"
        );
        assert_eq!(source.left_out[0].path, "drizzle/0002_lost.sql");
        assert_eq!(applied(&source, "1704110400456"), [1]);
        assert_eq!(applied(&source, "1704110400000"), [] as [usize; 0]);
    }

    #[test]
    fn a_migration_may_be_a_folder() {
        let source = read(&[
            ("20240101120000_brave_hulk/migration.sql", "SELECT 1;"),
            ("20240101120000_brave_hulk/snapshot.json", "{}"),
            ("größe_und_mehr/migration.sql", "SELECT 1;"),
        ]);
        assert_eq!(source.problems, []);
        assert_eq!(source.migrations[0].key, "20240101120000_brave_hulk");
        assert_eq!(applied(&source, "20240101120000_brave_hulk"), [0]);
        // An older version of Drizzle wrote this entry, before the journal became folders.
        assert_eq!(applied(&source, "1704110400123"), [0]);
        assert_eq!(applied(&source, "1704110401123"), [] as [usize; 0]);
    }

    #[test]
    fn a_wrong_journal_is_a_problem() {
        for (journal, message) in [
            (
                "",
                "this file is not JSON: EOF while parsing a value at line 1 column 0",
            ),
            ("[1]", "this file has no list `entries`"),
            (
                r#"{"entries":[{"tag":"a"}]}"#,
                "entry 0 has no `tag` or no `when`",
            ),
            (r#"{"entries":[7]}"#, "entry 0 has no `tag` or no `when`"),
            (
                r#"{"dialect":"mysql","entries":[]}"#,
                "these migrations are for `mysql`",
            ),
            (
                r#"{"entries":[{"tag":"a","when":1}]}"#,
                "the journal names `a.sql`, which does not exist",
            ),
        ] {
            let source = read(&[("meta/_journal.json", journal)]);
            assert_eq!(
                faults(&source),
                [format!("drizzle/meta/_journal.json: {message}")]
            );
        }
        let twice = r#"{"entries":[{"tag":"a","when":1},{"tag":"a","when":1}]}"#;
        let source = read(&[("meta/_journal.json", twice), ("a.sql", "")]);
        assert_eq!(
            faults(&source),
            ["drizzle/meta/_journal.json: two entries of the journal have the time 1"]
        );
    }
}
