//! Alembic: the SQL that `alembic upgrade base:heads --sql` and `alembic downgrade heads:base --sql`
//! print, saved in one or several files.
//!
//! Its history has the newest revision of each branch. From its source:
//! `alembic/runtime/migration.py` for the lines `-- Running upgrade a -> b` and for the statements
//! with which a script moves the history on. It has no lock.

mod part;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use migrator_model::{Code, Place, Problem};

use self::part::Part;
use crate::files::Files;
use crate::history::{OldEntry, OldHistory, Table};
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Alembic;

impl Tool for Alembic {
    fn name(&self) -> &'static str {
        "alembic"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut downs = BTreeMap::new();
        for name in files.names() {
            if name.strip_suffix(".sql").is_none() {
                let why = "only the SQL that Alembic prints with `--sql` is converted";
                leave_out(&mut source, files, name, why);
                continue;
            }
            match files.text(name) {
                Ok(text) => read_file(files, name, &text, &mut source, &mut downs),
                Err(problem) => source.problems.push(*problem),
            }
        }
        for migration in &mut source.migrations {
            migration.down = downs.remove(&migration.key);
        }
        let lost = downs.into_iter().map(|(revision, down)| {
            let message = format!("revision `{revision}` has a down script and no up script");
            let help = "print all upgrades with `alembic upgrade base:heads --sql`";
            Problem::at(Code::M1002, down.place(0), message, help)
        });
        source.problems.extend(lost);
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "alembic_version",
            columns: &["version_num"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!("SELECT version_num, NULL, 'applied' FROM {table}")
    }

    /// The revisions of the history, and all that they build on.
    fn applied(&self, source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        OldHistory::by_key(source, entries)?;
        let mut open: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let mut applied = BTreeSet::new();
        while let Some(revision) = open.pop() {
            if applied.insert(revision) {
                let parents = source.parents.get(revision).into_iter().flatten();
                open.extend(parents.map(String::as_str));
            }
        }
        let all = source.migrations.iter().enumerate();
        let indices = all.filter(|(_, one)| applied.contains(one.key.as_str()));
        Ok(OldHistory {
            applied: indices.map(|(index, _)| (index, None)).collect(),
            programs: Vec::new(),
        })
    }
}

fn leave_out(source: &mut Source, files: &Files, name: &str, why: &str) {
    source.leave_out(files.shown(name), why);
}

/// What a line `-- Running …` says.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Upgrade { from: Vec<String>, to: String },
    Downgrade { from: String },
}

fn step(line: &str) -> Option<Step> {
    let rest = line.trim_end().strip_prefix("-- Running ")?;
    let (way, rest) = rest.split_once(' ')?;
    let (from, to) = rest.split_once("->")?;
    let revisions = |list: &str| -> Vec<String> {
        let all = list.split(',').map(str::trim);
        all.filter(|one| !one.is_empty() && *one != "None")
            .map(ToOwned::to_owned)
            .collect()
    };
    let one = |list: &str| revisions(list).into_iter().next();
    match way {
        "upgrade" => Some(Step::Upgrade {
            from: revisions(from),
            to: one(to)?,
        }),
        "downgrade" => Some(Step::Downgrade { from: one(from)? }),
        _ => None,
    }
}

/// The lines `-- Running …` of a file, each with its place.
fn steps(text: &str) -> Vec<(Step, Range<usize>)> {
    let mut end = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let start = end;
        end += line.len();
        (step(line), start..end)
    });
    lines
        .filter_map(|(step, line)| Some((step?, line)))
        .collect()
}

/// Adds the upgrades of a file to the source, and its downgrades to `downs`, by revision.
fn read_file(
    files: &Files,
    name: &str,
    text: &str,
    source: &mut Source,
    downs: &mut BTreeMap<String, OldScript>,
) {
    let path = files.shown(name);
    let steps = steps(text);
    let Some((_, first)) = steps.first() else {
        let why = "it has no line `-- Running upgrade` or `-- Running downgrade`";
        return leave_out(source, files, name, why);
    };
    if let Some(at) = Part::read(text, 0..first.start).statements.first() {
        let message = "this statement is before the first revision";
        let help = "move the statement behind the line `-- Running …` of a revision";
        let place = Place::within(&path, text, at.start);
        source
            .problems
            .push(Problem::at(Code::M1002, place, message, help));
    }
    let ends: Vec<usize> = steps.iter().skip(1).map(|(_, line)| line.start).collect();
    let ends = ends.into_iter().chain([text.len()]);
    for ((step, line), end) in steps.into_iter().zip(ends) {
        let part = Part::read(text, line.end..end);
        let script = OldScript {
            path: path.clone(),
            file: text.to_owned(),
            sql: text[part.range.clone()].to_owned(),
            offset: part.range.start,
            no_transaction: part.no_transaction,
        };
        if part.named.is_empty() {
            let message = "Alembic stopped in the middle of this revision";
            let help = "run the `alembic` command again, and correct what it reports; a revision \
                        that reads rows cannot be printed with `--sql`";
            let place = Place::within(&path, text, line.start);
            let problem = Problem::at(Code::M1002, place, message, help);
            source.problems.push(problem);
        }
        let revision = match step {
            Step::Upgrade { from, to } if !source.parents.contains_key(&to) => {
                let mut parents: BTreeSet<String> = from.into_iter().collect();
                parents.extend(part.named.into_iter().filter(|one| *one != to));
                source.parents.insert(to.clone(), parents);
                let index = u64::try_from(source.migrations.len()).unwrap_or_default();
                source.migrations.push(migration(to, index + 1, script));
                continue;
            }
            Step::Downgrade { from } if !downs.contains_key(&from) => {
                downs.insert(from, script);
                continue;
            }
            Step::Upgrade { to, .. } => to,
            Step::Downgrade { from } => from,
        };
        let message = format!("a second script has revision `{revision}`");
        let help = "save the output of one `upgrade` and one `downgrade`";
        let place = Place::within(&path, text, line.start);
        source
            .problems
            .push(Problem::at(Code::M1002, place, message, help));
    }
}

fn migration(revision: String, position: u64, up: OldScript) -> OldMigration {
    OldMigration {
        origin: format!("revision {revision}"),
        title: format!("revision_{revision}"),
        key: revision,
        moment: Moment::Number(position),
        up,
        down: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Alembic, Step, step};
    use crate::files::Files;
    use crate::history::{OldEntry, OldState};
    use crate::plain::without_transaction;
    use crate::source::Source;
    use crate::tool::Tool;

    const UP: &str = "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL\n);\n\n\
        -- Running upgrade  -> 1a\n\nCREATE TABLE a (id int);\n\n\
        INSERT INTO alembic_version (version_num) VALUES ('1a') RETURNING alembic_version.version_num;\n\n\
        -- Running upgrade 1a -> 2b\n\n-- the left one\nCREATE TABLE b (id int);\n\n\
        UPDATE alembic_version SET version_num='2b' WHERE alembic_version.version_num = '1a';\n\n\
        -- Running upgrade 1a -> 2c\n\nCOMMIT;\n\nCREATE INDEX CONCURRENTLY i ON a (id);\n\nBEGIN;\n\n\
        INSERT INTO alembic_version (version_num) VALUES ('2c') RETURNING alembic_version.version_num;\n\n\
        -- Running upgrade 2b, 2c -> 3d\n\n\
        DELETE FROM alembic_version WHERE alembic_version.version_num = '2b';\n\n\
        UPDATE alembic_version SET version_num='3d' WHERE alembic_version.version_num = '2c';\n\n\
        COMMIT;\n\n";

    const DOWN: &str = "BEGIN;\n\n-- Running downgrade 3d -> 2b, 2c\n\n\
        INSERT INTO alembic_version (version_num) VALUES ('2b');\n\n\
        -- Running downgrade 2b -> 1a\n\nDROP TABLE b;\n\n\
        DELETE FROM alembic_version WHERE alembic_version.version_num = '2b';\n\n\
        -- Running downgrade 1a -> \n\nDROP TABLE a;\n\n\
        DELETE FROM alembic_version WHERE alembic_version.version_num = '1a';\n\n\
        DROP TABLE alembic_version;\n\nCOMMIT;\n";

    fn read(files: &[(&str, &str)]) -> Source {
        Alembic.read(&Files::of("sql", files))
    }

    fn applied(source: &Source, heads: &[&str]) -> Vec<usize> {
        let entries = heads.iter().map(|key| OldEntry {
            key: (*key).to_owned(),
            applied_on: None,
            state: OldState::Applied,
        });
        let entries: Vec<_> = entries.collect();
        let all = Alembic.applied(source, &entries).unwrap().applied;
        all.into_iter().map(|(index, _)| index).collect()
    }

    fn faults(source: &Source) -> Vec<String> {
        let problems = source.problems.iter();
        let fault = problems.map(|one| format!("{}: {}", one.place.as_ref().unwrap(), one.message));
        fault.collect()
    }

    #[test]
    fn each_revision_has_its_own_statements() {
        let source = read(&[("up.sql", UP), ("down.sql", DOWN)]);
        assert_eq!(source.problems, []);
        let up: Vec<_> = source
            .migrations
            .iter()
            .map(|one| (one.key.as_str(), one.up.sql.trim()))
            .collect();
        assert_eq!(
            up,
            [
                ("1a", "CREATE TABLE a (id int);"),
                ("2b", "-- the left one\nCREATE TABLE b (id int);"),
                ("2c", "CREATE INDEX CONCURRENTLY i ON a (id);"),
                ("3d", ""),
            ]
        );
        let outside: Vec<_> = source
            .migrations
            .iter()
            .map(|one| one.up.no_transaction)
            .collect();
        assert_eq!(outside, [false, false, true, false]);
        let down: Vec<_> = source
            .migrations
            .iter()
            .map(|one| one.down.as_ref().map(|down| down.sql.trim()))
            .collect();
        assert_eq!(
            down,
            [Some("DROP TABLE a;"), Some("DROP TABLE b;"), None, Some("")]
        );
        let index = &source.migrations[2].up;
        assert_eq!(index.place(1).to_string(), "sql/up.sql:24:1");
    }

    #[test]
    fn a_head_means_all_that_it_builds_on() {
        let source = read(&[("all.sql", &format!("{UP}{DOWN}"))]);
        assert_eq!(source.problems, []);
        assert_eq!(applied(&source, &["3d"]), [0, 1, 2, 3]);
        assert_eq!(applied(&source, &["2c"]), [0, 2]);
        assert_eq!(applied(&source, &["2b", "2c"]), [0, 1, 2]);
        assert_eq!(applied(&source, &[]), [] as [usize; 0]);
    }

    #[test]
    fn a_revision_builds_on_each_row_that_it_replaces() {
        // `depends_on` is not in the line, only in the statement.
        let text = "-- Running upgrade  -> x\nSELECT 1;\n\
            INSERT INTO alembic_version (version_num) VALUES ('x');\n\
            -- Running upgrade  -> y\nSELECT 2;\n\
            UPDATE alembic_version SET version_num='y' WHERE alembic_version.version_num = 'x';\n";
        assert_eq!(applied(&read(&[("up.sql", text)]), &["y"]), [0, 1]);
    }

    #[test]
    fn a_transaction_for_each_revision_is_taken_off() {
        let text = "BEGIN;\n\n-- Running upgrade  -> 1a\n\nSELECT 1;\n\n\
            INSERT INTO alembic_version (version_num) VALUES ('1a');\n\nCOMMIT;\n\nBEGIN;\n\n\
            -- Running upgrade 1a -> 2b\n\nSELECT 2;\n\nUPDATE alembic_version SET version_num='2b';\n\nCOMMIT;\n";
        let source = read(&[("up.sql", text)]);
        let scripts: Vec<_> = source
            .migrations
            .iter()
            .map(|one| (one.up.sql.trim(), one.up.no_transaction))
            .collect();
        assert_eq!(scripts, [("SELECT 1;", false), ("SELECT 2;", false)]);
    }

    #[test]
    fn a_revision_that_is_half_in_a_transaction_is_refused() {
        let text = "-- Running upgrade  -> 1a\nCOMMIT;\nSELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT;\n";
        let source = read(&[("up.sql", text)]);
        let problem = without_transaction(&source.migrations[0].up).unwrap_err();
        assert_eq!(
            problem.place.as_ref().unwrap().to_string(),
            "sql/up.sql:4:1"
        );
    }

    #[test]
    fn an_output_that_stops_early_is_refused() {
        let text = "-- Running upgrade  -> 1a\n\nSELECT 1;\n\n\
            INSERT INTO alembic_version (version_num) VALUES ('1a');\n\n\
            -- Running upgrade 1a -> 2b\n\nSELECT 2;\n";
        let place = "sql/up.sql:7:1";
        let message = "Alembic stopped in the middle of this revision";
        let source = read(&[("up.sql", text)]);
        assert_eq!(faults(&source), [format!("{place}: {message}")]);
    }

    #[test]
    fn what_cannot_be_converted_has_a_place() {
        let source = read(&[
            ("0.sql", ""),
            (
                "1.sql",
                "SELECT 1;\n-- Running upgrade  -> 1a\r\nSELECT 2;\nDELETE FROM v WHERE version_num = 'x';",
            ),
            (
                "2.sql",
                "-- Running upgrade -> 1a\nSELECT 2;\nDELETE FROM v WHERE version_num = 'x';",
            ),
            (
                "3.sql",
                "-- Running downgrade 2b -> 1a\nSELECT 3;\nDELETE FROM v WHERE version_num = 'x';",
            ),
            ("4_x.py", "revision = '1a'"),
        ]);
        assert_eq!(
            faults(&source),
            [
                "sql/1.sql:1:1: this statement is before the first revision",
                "sql/2.sql:1:1: a second script has revision `1a`",
                "sql/3.sql:2:1: revision `2b` has a down script and no up script",
            ]
        );
        let left_out: Vec<_> = source
            .left_out
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(left_out, ["sql/0.sql", "sql/4_x.py"]);
    }

    #[test]
    fn the_lines_of_older_versions_are_read_too() {
        let first = Step::Upgrade {
            from: Vec::new(),
            to: "1a".to_owned(),
        };
        assert_eq!(step("-- Running upgrade None -> 1a"), Some(first));
        assert_eq!(step("-- Running stamp_revision 1a -> 2b"), None);
        assert_eq!(step("-- Running upgrade"), None);
    }
}
