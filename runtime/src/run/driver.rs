//! Lets refinery's runner walk the list of a leg's migrations.
//!
//! The runner only walks the list. For each migration it calls `execute`, which calls
//! [`Executor::perform`]: that sends the script and records the step. A leg is consecutive steps
//! of one service.
//!
//! The plan has already decided which migrations are pending, and the history's tables exist. So
//! the runner gets an empty history and only the migrations of the leg. For each migration it
//! passes two queries: the script, and the insertion of its own four columns (refinery-core 0.10,
//! `traits/async.rs`). `execute` ignores both, because the executor also writes the other columns
//! and the event. So the runner gets no script: it would copy each script several times.

use std::collections::VecDeque;

use migrator_plan::Step;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Error, Migration, Runner};

use crate::error::fault::Fault;
use crate::error::kind::ErrorKind;
use crate::step::executor::Executor;

/// Applies a leg through refinery's runner.
pub(crate) async fn apply<'a>(
    executor: &mut Executor<'a>,
    leg: &'a [Step<'static>],
) -> Result<(), ErrorKind> {
    let Some(first) = leg.first() else {
        return Ok(());
    };
    let migrations = leg.iter().filter_map(|step| migration(step, ""));
    let migrations: Result<Vec<_>, _> = migrations.collect();
    let table = executor.run.tables.of(first.service());
    let mut runner = Runner::new(&migrations.map_err(engine)?);
    runner.set_migration_table_name(table);
    let mut driver = Driver {
        executor,
        leg: leg.iter().collect(),
        fault: None,
    };
    let outcome = runner.run_async(&mut driver).await;
    match (outcome, driver.fault) {
        (_, Some(fault)) => Err(fault.into()),
        (Err(error), None) => Err(engine(error)),
        (Ok(_), None) => Ok(()),
    }
}

/// An error of refinery's own, whose type is not part of our API.
fn engine(error: Error) -> ErrorKind {
    ErrorKind::Engine(Box::new(error))
}

/// refinery's form of a migration with this script. With the migration's own script, it has the same
/// checksum.
fn migration(step: &Step<'_>, script: &str) -> Option<Result<Migration, Error>> {
    let migration = step.applies()?;
    let name = format!(
        "V{}__{}",
        migration.version.as_integer(),
        migration.history_name()
    );
    Some(Migration::unapplied(&name, script))
}

/// The connection that refinery's runner uses.
struct Driver<'d, 'a> {
    executor: &'d mut Executor<'a>,
    leg: VecDeque<&'a Step<'static>>,
    fault: Option<Fault>,
}

/// The error that the runner gets. The driver keeps the fault itself.
#[derive(Debug, thiserror::Error)]
#[error("a step failed")]
struct StepFailed;

impl AsyncTransaction for Driver<'_, '_> {
    type Error = StepFailed;

    async fn execute<'q, T: Iterator<Item = &'q str> + Send + 'q>(
        &'q mut self,
        mut queries: T,
    ) -> Result<usize, StepFailed> {
        let (Some(_script), Some(_insertion)) = (queries.next(), queries.next()) else {
            return Ok(0);
        };
        let Some(step) = self.leg.pop_front() else {
            return Err(StepFailed);
        };
        match self.executor.perform(step).await {
            Ok(()) => Ok(1),
            Err(fault) => {
                self.fault = Some(fault);
                Err(StepFailed)
            }
        }
    }
}

impl AsyncQuery<Vec<Migration>> for Driver<'_, '_> {
    async fn query<'q>(&'q mut self, _query: &'q str) -> Result<Vec<Migration>, StepFailed> {
        Ok(Vec::new())
    }
}

impl AsyncMigrate for Driver<'_, '_> {
    /// An empty query: the tables exist. `execute` gets it alone, and then does nothing.
    fn assert_migrations_table_query(_table: &str) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::{Tree, resolve};

    use super::migration;
    use migrator_plan::Step;

    #[test]
    fn the_checksum_is_refinerys_own() {
        let tree = Tree::new("database")
            .with_file(
                "services.toml",
                "tiers = [\"T\"]\n[services.a]\ntier = \"T\"\ndirectory = \"a\"\n",
            )
            .with_file(
                "migrations/a/20240101000000_0a1b2c3d_one.up.sql",
                "\u{feff}SELECT 1;\r\n",
            )
            .with_file(
                "migrations/a/20240101000000_0a1b2c3d_one.down.sql",
                "SELECT 1;",
            );
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        let ours = resolved.registry.get(0).unwrap();
        let theirs = migration(&Step::apply(ours), &ours.up().sql())
            .expect("it is applied")
            .expect("it is well named");
        assert_eq!(theirs.checksum(), ours.checksum);
        assert_eq!(theirs.name(), ours.history_name());
        assert_eq!(theirs.version(), ours.version.as_integer());
    }
}
