//! Flyway: `V1.2__create_users.sql`, and `U1.2__create_users.sql` as its down script.
//!
//! From its source, under `flyway-core/src/main/java/org/flywaydb/core/`:
//! `internal/resource/ResourceNameParser.java` for the file names, `api/MigrationVersion.java` for
//! the order, `internal/sqlscript/SqlScriptMetadata.java` for `.conf` files and
//! `internal/info/MigrationInfoServiceImpl.java` for what rows of the table mean. The table and
//! the lock are in `PostgreSQLDatabase.java` and `PostgreSQLAdvisoryLockTemplate.java`.

mod history;
mod name;
mod script;

use migrator_model::{Problem, sql};

use self::name::{Kind, Name};
use crate::files::Files;
use crate::history::{Database, Lock, OldEntry, OldHistory, Table, rfc_3339_of_local};
use crate::source::{OldMigration, Source};
use crate::tool::Tool;

/// The tool.
pub(super) struct Flyway;

/// `LOCK_MAGIC_NUM`, to which Flyway adds the hash of the table's name.
const LOCK: i64 = 77_431_708_279_161;

impl Tool for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn read(&self, files: &Files) -> Source {
        let mut source = Source::default();
        let mut ordered = Vec::new();
        for path in files.paths() {
            match Name::parse(path.rsplit('/').next().unwrap_or_default()) {
                Ok(name) => ordered.push((name, path)),
                Err("") => {}
                Err(why) => source.leave_out(files.shown(path), why),
            }
        }
        ordered.sort_by(|(a, _), (b, _)| (&a.number, a.kind).cmp(&(&b.number, b.kind)));
        leave_out_baselines(&mut ordered, files, &mut source);
        for (name, path) in ordered {
            let script = match script::read(files, path) {
                Ok(script) => script,
                Err(problems) => {
                    source.problems.extend(problems);
                    continue;
                }
            };
            let key = name.number.to_string();
            match name.kind {
                Kind::Baseline | Kind::Up => source.add_up(OldMigration {
                    key,
                    origin: path.to_owned(),
                    title: name.title.to_owned(),
                    moment: name.number.moment(),
                    up: script,
                    down: None,
                }),
                Kind::Down => source.add_down(&key, script),
            }
        }
        source
    }

    fn table(&self) -> Table {
        Table {
            schema: None,
            name: "flyway_schema_history",
            columns: &[
                "installed_rank",
                "version",
                "type",
                "installed_on",
                "success",
            ],
        }
    }

    /// The last row of a version counts. `DELETE` and `UNDO_SQL` take back the row before them,
    /// `SCHEMA` notes that Flyway created the schema. The key of a baseline starts with `B`.
    /// The key of a program starts with `P`. Repeatable migrations have no version.
    fn query(&self, table: &str) -> String {
        format!(
            "SELECT CASE WHEN type LIKE '%BASELINE' THEN 'B' || version \
               WHEN type IN ('JDBC', 'SPRING_JDBC', 'SCRIPT') THEN 'P' || version \
               ELSE version END, {time}, \
             CASE WHEN success THEN 'applied' ELSE 'failed' END FROM (\
               SELECT DISTINCT ON (version) version, type, installed_on, success FROM {table} \
               WHERE version IS NOT NULL AND type <> 'SCHEMA' \
               ORDER BY version, installed_rank DESC) AS newest \
             WHERE NOT success OR (type <> 'DELETE' AND type NOT LIKE 'UNDO%')",
            time = rfc_3339_of_local("installed_on")
        )
    }

    /// `PostgreSQLConnection.lock`: a constant plus Java's hash of the table's name in quotes.
    fn lock(&self, database: Database<'_>) -> Lock {
        let schema = sql::quote_identifier(database.schema);
        let name = format!("{schema}.{}", sql::quote_identifier(database.table));
        let units = name.encode_utf16();
        let hash = units.fold(0_i32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(i32::from(unit))
        });
        Lock::Advisory(LOCK + i64::from(hash))
    }

    fn applied(&self, source: &Source, entries: &[OldEntry]) -> Result<OldHistory, Box<Problem>> {
        history::applied(source, entries)
    }
}

/// Keeps the newest baseline if the folder has no migration that it replaces.
fn leave_out_baselines(ordered: &mut Vec<(Name<'_>, &str)>, files: &Files, source: &mut Source) {
    let is_up = |name: &Name<'_>| name.kind == Kind::Up;
    let newest = ordered
        .iter()
        .rposition(|(name, _)| name.kind == Kind::Baseline);
    let kept = newest.filter(|at| !ordered[..*at].iter().any(|(name, _)| is_up(name)));
    let number = kept.map(|at| ordered[at].0.number.clone());
    let mut index = 0;
    ordered.retain(|(name, path)| {
        let is_kept = name.kind != Kind::Baseline || Some(index) == kept;
        // A file of the same version is below the baseline too.
        let is_below = name.kind == Kind::Up && Some(&name.number) == number.as_ref();
        index += 1;
        if !is_kept {
            let why = "it is a baseline, and the folder has migrations that it stands for";
            source.leave_out(files.shown(path), why);
        } else if is_below {
            let why = "a baseline of the same version stands for it";
            source.leave_out(files.shown(path), why);
        }
        is_kept && !is_below
    });
}

#[cfg(test)]
mod tests;
