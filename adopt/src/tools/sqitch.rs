//! Sqitch: changes in the order of `sqitch.plan`, with scripts in `deploy/` and `revert/`.
//!
//! From its source: `App/Sqitch/Target.pm` for the folders, `App/Sqitch/Plan/Change.pm` for the
//! scripts of a change that was reworked, `App/Sqitch/Engine/pg.sql` for the tables, and
//! `App/Sqitch/Engine/pg.pm` for the lock. It runs scripts with psql, so that a script without
//! BEGIN does not run in one transaction.

mod plan;
mod settings;

use std::collections::BTreeSet;

use migrator_model::{Code, Place, Problem, sql};

use self::plan::{Change, Plan};
use self::settings::{Script, Settings};
use crate::files::Files;
use crate::history::{Database, Lock, OldEntry, OldHistory, Table, rfc_3339};
use crate::moment::Moment;
use crate::source::{LeftOut, OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Sqitch;

/// The key in `try_lock`.
const LOCK: i64 = 75_474_063;

impl Tool for Sqitch {
    fn name(&self) -> &'static str {
        "sqitch"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        if let Err(problem) = read(files, &mut source) {
            source.problems.push(*problem);
        }
        source
    }

    /// The first line of the templates: `-- Deploy project:change to pg`.
    fn is_mark(&self, line: &str) -> bool {
        let words: Vec<_> = line.split_whitespace().collect();
        matches!(
            words.as_slice(),
            ["--", "Deploy", _, "to", "pg"] | ["--", "Revert", _, "from", "pg"]
        )
    }

    fn table(&self) -> Table {
        Table {
            schema: Some("sqitch"),
            name: "changes",
            columns: &["change_id", "change", "project", "committed_at"],
        }
    }

    /// A change that was reworked has a row for each time. The key of the second row is
    /// `project:change@2`.
    fn query(&self, table: &str) -> String {
        format!(
            "SELECT pg_catalog.concat(project, ':', change, \
               CASE WHEN n OPERATOR(pg_catalog.>) 1 THEN pg_catalog.concat('@', n) END), \
             {time}, 'applied' FROM (\
               SELECT project, change, committed_at, pg_catalog.row_number() OVER (\
                 PARTITION BY project, change ORDER BY committed_at, planned_at) AS n \
               FROM {table}) AS numbered",
            time = rfc_3339("committed_at")
        )
    }

    fn lock(&self, _: Database<'_>) -> Lock {
        Lock::Advisory(LOCK)
    }

    /// The history may have other projects too.
    fn applied(&self, source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        let project = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
        let own: BTreeSet<_> = source
            .migrations
            .iter()
            .map(|one| project(&one.key))
            .collect();
        let entries = entries
            .iter()
            .filter(|entry| own.contains(&project(&entry.key)));
        OldHistory::by_key(source, &entries.cloned().collect::<Vec<_>>())
    }
}

fn read(files: &Files, source: &mut Source) -> Result<(), Box<Problem>> {
    let settings = Settings::read(files)?;
    if !files.has(&settings.plan) {
        let place = Place::file(files.shown(&settings.plan));
        let help = "name the folder with `sqitch.conf` or `sqitch.plan`";
        return Err(Problem::at(Code::M1001, place, "this file does not exist", help).into());
    }
    let text = files.text(&settings.plan)?;
    let plan = Plan::read(&files.shown(&settings.plan), &text, &mut source.problems)?;
    let mut used = BTreeSet::new();
    for (index, change) in plan.changes.iter().enumerate() {
        let tags = plan.rework_tags(index);
        let deploy = settings.script(files, Script::Deploy, &change.name, &tags);
        let revert = settings.script(files, Script::Revert, &change.name, &tags);
        used.extend([deploy.clone(), revert.clone()]);
        if !files.has(&deploy) {
            let place = Place::within(files.shown(&settings.plan), &text, change.offset);
            let message = format!("`{deploy}`, the script of this change, does not exist");
            let help = "put the file back";
            source
                .problems
                .push(Problem::at(Code::M1001, place, message, help));
            continue;
        }
        let down = files
            .has(&revert)
            .then(|| script(files, &revert, source))
            .flatten();
        let Some(up) = script(files, &deploy, source) else {
            continue;
        };
        let number = plan.number(index);
        source.migrations.push(migration(
            &plan.project,
            change,
            number,
            &settings,
            up,
            down,
        ));
    }
    let unused = files
        .paths()
        .filter(|path| path.ends_with(&settings.ending));
    let unused = unused
        .filter(|path| !used.contains(*path))
        .map(|path| LeftOut::new(files.shown(path), settings.why_unused(path)));
    source.left_out.extend(unused);
    Ok(())
}

fn migration(
    project: &str,
    change: &Change,
    number: usize,
    settings: &Settings,
    up: OldScript,
    down: Option<OldScript>,
) -> OldMigration {
    let key = format!("{project}:{}", change.name);
    // Reworking a change renames the files of the change before it. This name stays.
    let origin = settings.first_path(&change.name);
    let (key, origin) = match number {
        1 => (key, origin),
        _ => (
            format!("{key}@{number}"),
            format!("{origin}, version {number}"),
        ),
    };
    OldMigration {
        key,
        origin,
        title: change.name.clone(),
        moment: Moment::of_digits(&change.time).unwrap_or(Moment::Number(0)),
        up,
        down,
    }
}

/// A script. Its problems become problems of the source.
fn script(files: &Files, path: &str, source: &mut Source) -> Option<OldScript> {
    match files.text(path) {
        Ok(text) => {
            let mut script = OldScript::whole(files.shown(path), text);
            script.no_transaction = refuses_transaction(&script.sql);
            Some(script)
        }
        Err(problem) => {
            source.problems.push(*problem);
            None
        }
    }
}

/// Whether a script has no BEGIN, and a statement that fails in a transaction. Other scripts without
/// BEGIN may as well run in one.
fn refuses_transaction(text: &str) -> bool {
    let all = sql::statements(text);
    let mut all = all.iter().map(|at| &text[at.clone()]);
    let has_begin = all.clone().any(sql::opens_transaction);
    !has_begin && all.any(stands_alone)
}

fn stands_alone(statement: &str) -> bool {
    let words = sql::parts(statement)
        .into_iter()
        .filter_map(|(part, _)| match part {
            sql::Part::Word(word) => Some(word.to_ascii_uppercase()),
            sql::Part::Quoted(_) | sql::Part::Text(_) | sql::Part::Mark(_) => None,
        });
    let words: Vec<_> = words.collect();
    match words.first().map(String::as_str) {
        Some("VACUUM") => true,
        Some("CREATE" | "DROP" | "REINDEX" | "ALTER") => {
            words.iter().any(|word| word == "CONCURRENTLY")
                || matches!(
                    words.get(1).map(String::as_str),
                    Some("DATABASE" | "SYSTEM")
                )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Sqitch;
    use crate::files::Files;
    use crate::history::{OldEntry, OldState};
    use crate::source::Source;
    use crate::tool::Tool;

    const CONF: &str =
        "[core]\n\tengine = pg\n\ttop_dir = ./db/\n# [engine \"pg\"]\n\t# target = db:pg:\n";
    const PLAN: &str = "%syntax-version=1.0.0\n%project=notes\n%uri=https://example.com/\n\n\
        one 2024-01-01T12:00:00Z A B <a@example.com> # first # note\n\
        dir/two [one !three other:four] 2024-01-01T12:00:01Z A <a@example.com> # two\n\
        @v1 2024-01-01T12:00:02Z A <a@example.com> # tag\n\n\
        one [one@v1] 2024-01-01T12:00:03Z A <a@example.com> # again\n";
    const ONE: &str = "-- Deploy notes:one to pg\n\nBEGIN;\nCREATE TABLE one (id int);\nCOMMIT;\n";

    fn read(files: &[(&str, &str)]) -> Source {
        Sqitch.read(&Files::of("app", files))
    }

    fn faults(source: &Source) -> Vec<String> {
        let problems = source.problems.iter();
        let fault = problems.map(|one| format!("{}: {}", one.place.as_ref().unwrap(), one.message));
        fault.collect()
    }

    fn project() -> Source {
        read(&[
            ("sqitch.conf", CONF),
            ("db/sqitch.plan", PLAN),
            ("db/deploy/one@v1.sql", ONE),
            ("db/revert/one@v1.sql", "DROP TABLE one;\n"),
            ("db/verify/one@v1.sql", "SELECT 1;\n"),
            (
                "db/deploy/one.sql",
                "CREATE INDEX CONCURRENTLY i ON one (id);\n",
            ),
            ("db/deploy/dir/two.sql", ""),
            (
                "db/revert/dir/two.sql",
                "BEGIN;\n-- XXX Add DDLs here.\nCOMMIT;\n",
            ),
            ("db/deploy/lost.sql", ""),
        ])
    }

    #[test]
    fn the_plan_gives_the_order() {
        let source = project();
        assert_eq!(source.problems, []);
        let all: Vec<_> = source
            .migrations
            .iter()
            .map(|one| (one.key.as_str(), one.origin.as_str(), one.up.no_transaction))
            .collect();
        assert_eq!(
            all,
            [
                ("notes:one", "db/deploy/one.sql", false),
                ("notes:dir/two", "db/deploy/dir/two.sql", false),
                ("notes:one@2", "db/deploy/one.sql, version 2", true),
            ]
        );
        let one = &source.migrations[0];
        assert_eq!(one.up.path, "app/db/deploy/one@v1.sql");
        assert_eq!(one.moment.version().to_string(), "20240101120000");
        assert_eq!(one.down.as_ref().unwrap().sql, "DROP TABLE one;\n");
        let left_out: Vec<_> = source
            .left_out
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(
            left_out,
            ["app/db/deploy/lost.sql", "app/db/verify/one@v1.sql"]
        );
        assert!(Sqitch.is_mark("-- Deploy notes:one to pg") && !Sqitch.is_mark("-- Deploy it"));
    }

    #[test]
    fn the_history_may_have_other_projects() {
        let entry = |key: &str| OldEntry {
            key: key.to_owned(),
            applied_on: None,
            state: OldState::Applied,
        };
        let source = project();
        let entries = [
            entry("notes:one"),
            entry("other:four"),
            entry("notes:one@2"),
        ];
        let history = Sqitch.applied(&source, &entries).unwrap();
        assert_eq!(history.applied, [(0, None), (2, None)]);
        assert!(Sqitch.applied(&source, &[entry("notes:three")]).is_err());
    }

    #[test]
    fn what_cannot_be_converted_has_a_place() {
        let plan = "%project=notes\n\none 2024-01-01T12:00:00Z A <a@example.com>\n\
                    two 2024-01-01T12:00:00Z A <a@example.com>\n";
        let source = read(&[("sqitch.plan", plan), ("deploy/one.sql", "SELECT 1;\n")]);
        assert_eq!(
            faults(&source),
            ["app/sqitch.plan:4:1: `deploy/two.sql`, the script of this change, does not exist"]
        );
        assert_eq!(
            faults(&read(&[])),
            ["app/sqitch.plan: this file does not exist"]
        );
    }
}
