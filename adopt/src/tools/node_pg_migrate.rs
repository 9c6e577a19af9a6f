//! node-pg-migrate, migrations in SQL: `1492765020347_create_users.sql`, with both scripts in one
//! file behind `-- Up Migration` and `-- Down Migration`, or a pair of files that end in `.up.sql`
//! and `.down.sql`.
//!
//! From its source: `src/migration.ts` for the order, `src/sqlMigration.ts` for the marks,
//! `src/migrationLoader.ts` for the pairs, `src/runner.ts` for the table and the lock. Files in SQL
//! have no switch against the transaction.

use std::cell::Cell;
use std::collections::BTreeMap;

use migrator_model::{Code, Place, Problem};

use crate::files::Files;
use crate::history::{Database, Lock, Table, rfc_3339_of_local};
use crate::marks::{self, Mark};
use crate::moment::Moment;
use crate::source::{OldMigration, OldScript, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct NodePgMigrate;

/// `PG_MIGRATE_LOCK_ID`.
const LOCK: i64 = 7_241_865_325_823_964;

impl Tool for NodePgMigrate {
    fn name(&self) -> &'static str {
        "node-pg-migrate"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
        for name in files.names() {
            match parse(name) {
                Ok((stem, part)) => groups.entry(stem).or_default().set(part, name),
                Err(Reason::Program(stem)) => source.leave_out_program(files.shown(name), stem),
                Err(Reason::Other(why)) => source.leave_out(files.shown(name), why),
            }
        }
        let mut ordered: Vec<_> = groups.into_iter().collect();
        ordered.sort_by_key(|(stem, _)| (order(stem), *stem));
        for (stem, group) in ordered {
            match group.migration(files, stem) {
                Ok(migration) => source.migrations.push(migration),
                Err(problem) => source.problems.push(*problem),
            }
        }
        source
    }

    fn is_mark(&self, line: &str) -> bool {
        mark(line).is_some()
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "pgmigrations",
            columns: &["id", "name", "run_on"],
        }
    }

    fn query(&self, table: &str) -> String {
        format!(
            "SELECT name, {}, 'applied' FROM {table}",
            rfc_3339_of_local("run_on")
        )
    }

    fn lock(&self, _: Database<'_>) -> Lock {
        Lock::Advisory(LOCK)
    }
}

/// Which script a file has.
#[derive(Clone, Copy)]
enum Part {
    Both,
    Up,
    Down,
}

/// Why a file is not a migration in SQL.
enum Reason<'a> {
    /// It is a program, and its migration has this name.
    Program(&'a str),
    Other(&'static str),
}

/// The endings of programs.
const PROGRAMS: [&str; 6] = ["js", "ts", "cjs", "mjs", "cts", "mts"];

/// The name of a migration, and which script its file has.
fn parse(name: &str) -> Result<(&str, Part), Reason<'_>> {
    if !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Reason::Other("its name does not start with a number"));
    }
    let Some(stem) = name.strip_suffix(".sql") else {
        let program = name.rsplit_once('.');
        let program = program.filter(|(_, ending)| PROGRAMS.contains(ending));
        return Err(match program {
            Some((stem, _)) => Reason::Program(stem),
            None => Reason::Other("its name does not end in `.sql`"),
        });
    };
    let up = stem.strip_suffix(".up").map(|stem| (stem, Part::Up));
    let down = || stem.strip_suffix(".down").map(|stem| (stem, Part::Down));
    Ok(up.or_else(down).unwrap_or((stem, Part::Both)))
}

/// The files of a migration.
#[derive(Default)]
struct Group<'a> {
    both: Option<&'a str>,
    up: Option<&'a str>,
    down: Option<&'a str>,
}

impl<'a> Group<'a> {
    fn set(&mut self, part: Part, name: &'a str) {
        match part {
            Part::Both => self.both = Some(name),
            Part::Up => self.up = Some(name),
            Part::Down => self.down = Some(name),
        }
    }

    fn migration(&self, files: &Files, stem: &str) -> Result<OldMigration, Box<Problem>> {
        let whole = |name: &str| {
            let text = files.text(name);
            text.map(|text| OldScript::whole(files.shown(name), text))
        };
        let (origin, (up, down)) = match (self.both, self.up, self.down) {
            (Some(both), None, None) => (both, split(&files.shown(both), files.text(both)?)?),
            (None, Some(up), down) => (up, (whole(up)?, down.map(whole).transpose()?)),
            (Some(both), ..) => {
                let message = "this migration has a pair of files too";
                return Err(fault(files, both, message));
            }
            (None, None, down) => {
                let message = "this down script has no up script";
                return Err(fault(files, down.unwrap_or(stem), message));
            }
        };
        let digits = digits(stem);
        let number = digits.parse().unwrap_or_default();
        Ok(OldMigration {
            key: stem.to_owned(),
            origin: origin.to_owned(),
            title: stem[digits.len()..]
                .trim_start_matches(['_', '-'])
                .to_owned(),
            moment: Moment::of_digits(digits).unwrap_or(Moment::Number(number)),
            up,
            down,
        })
    }
}

fn fault(files: &Files, name: &str, message: &str) -> Box<Problem> {
    let place = Place::file(files.shown(name));
    Problem::at(Code::M1002, place, message, "rename or remove the file").into()
}

fn digits(stem: &str) -> &str {
    let end = stem.find(|c: char| !c.is_ascii_digit());
    &stem[..end.unwrap_or(stem.len())]
}

/// What the tool sorts by: a date with milliseconds becomes the same number as a Unix time in
/// milliseconds. Other numbers are compared as they are.
fn order(stem: &str) -> u64 {
    let digits = digits(stem);
    let number = digits.parse().unwrap_or(u64::MAX);
    if digits.len() != 17 {
        return number;
    }
    let seconds = Moment::of_digits(digits).and_then(Moment::unix_seconds);
    seconds.map_or(number, |seconds| seconds * 1000 + number % 1000)
}

/// The scripts of a file. Without marks, the whole file is the up script. Only the first mark of
/// each script counts.
fn split(path: &str, file: String) -> Result<(OldScript, Option<OldScript>), Box<Problem>> {
    if !file.lines().any(|line| mark(line).is_some()) {
        return Ok((OldScript::whole(path.to_owned(), file), None));
    }
    let (up, down) = (Cell::new(false), Cell::new(false));
    marks::split(path, &file, |line| {
        let found = mark(line)?;
        let is_seen = if found == Mark::Up { &up } else { &down };
        (!is_seen.replace(true)).then_some(found)
    })
}

/// The tool's pattern is `^\s*--[\s-]*up\s+migration`, in any case.
fn mark(line: &str) -> Option<Mark> {
    let rest = line.trim_start().strip_prefix("--")?;
    let rest = rest.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let mut words = rest.split_whitespace();
    let mark = match words.next()? {
        word if word.eq_ignore_ascii_case("up") => Mark::Up,
        word if word.eq_ignore_ascii_case("down") => Mark::Down,
        _ => return None,
    };
    let next = words.next()?.get(.."migration".len())?;
    next.eq_ignore_ascii_case("migration").then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::NodePgMigrate;
    use crate::files::Files;
    use crate::tool::Tool;

    fn keys(files: &[(&str, &str)]) -> Vec<String> {
        let source = NodePgMigrate.read(&Files::of("db", files));
        assert_eq!(source.problems, []);
        source.migrations.into_iter().map(|one| one.key).collect()
    }

    #[test]
    fn both_scripts_are_in_one_file_or_in_two() {
        let text = "-- Up Migration\r\nCREATE TABLE a (id int);\r\n\r\n-- Down Migration\r\n\
                    DROP TABLE a;\r\n-- the up migration made it\r\n";
        let source = NodePgMigrate.read(&Files::of(
            "db",
            &[
                ("1492765020347_a.sql", text),
                ("1492765020348_b-c.up.sql", "SELECT 1;\n"),
                ("1492765020348_b-c.down.sql", "SELECT 2;\n"),
                ("1492765020349_d.sql", ""),
            ],
        ));
        assert_eq!(source.problems, []);
        let [a, b, d] = source.migrations.as_slice() else {
            panic!("{source:?}")
        };
        assert_eq!((a.key.as_str(), a.title.as_str()), ("1492765020347_a", "a"));
        assert_eq!(a.up.sql, "CREATE TABLE a (id int);\n\n");
        assert!(a.down.as_ref().unwrap().sql.starts_with("DROP TABLE a;\n"));
        assert_eq!(
            (b.key.as_str(), b.title.as_str()),
            ("1492765020348_b-c", "b-c")
        );
        assert_eq!(b.down.as_ref().unwrap().sql, "SELECT 2;\n");
        assert_eq!((d.up.sql.as_str(), &d.down), ("", &None));
    }

    #[test]
    fn a_date_is_sorted_among_unix_times() {
        let file = |name| (name, "SELECT 1;\n");
        let files = [
            file("1492765020348_c.sql"),
            file("20170421085700347_b.sql"),
            file("1492765020346_a.sql"),
            file("20170421085700999999999999_d.sql"),
        ];
        let expected = ["1492765020346_a", "20170421085700347_b", "1492765020348_c"];
        assert_eq!(keys(&files)[..3], expected);
    }

    #[test]
    fn what_cannot_be_converted_has_a_reason() {
        let source = NodePgMigrate.read(&Files::of(
            "db",
            &[
                ("1_a.js", "exports.up = 1;"),
                ("2_b.down.sql", "SELECT 1;"),
                (
                    "3_c.sql",
                    "-- Down Migration\nSELECT 1;\n-- Up Migration\nSELECT 2;\n",
                ),
                ("4_d.sql", "SELECT 1;"),
                ("4_d.up.sql", "SELECT 1;"),
                ("README.md", ""),
            ],
        ));
        let left_out: Vec<_> = source.left_out.iter().map(|one| one.why.as_str()).collect();
        let program = "it is a program, and only SQL is converted";
        assert_eq!(left_out, [program, "its name does not start with a number"]);
        let problems = source.problems.iter();
        let problems: Vec<_> = problems
            .map(|problem| format!("{}: {}", problem.place.as_ref().unwrap(), problem.message))
            .collect();
        assert_eq!(
            problems,
            [
                "db/2_b.down.sql: this down script has no up script",
                "db/3_c.sql:3:1: this mark is in the wrong place",
                "db/4_d.sql: this migration has a pair of files too",
            ]
        );
    }
}
