//! A gate: a lock that holds a script until the test opens it.

use migrator_runtime::{Error, ErrorKind, Report, Stop};

use super::{Database, within};

/// A gate at which scripts wait until the test opens it.
pub(crate) struct Gate {
    session: tokio_postgres::Client,
    database: Database,
}

/// The statement of a script that waits at the gate.
pub(crate) const AT_GATE: &str = "SELECT pg_catalog.pg_advisory_xact_lock(42);";

/// The sessions that wait at the gate.
const WAITING: &str = "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database \
    WHERE locktype = 'advisory' AND objid = 42 AND NOT granted AND datname = current_database()";

impl Gate {
    pub(crate) async fn closed(database: &Database) -> Gate {
        let session = database.session().await;
        session
            .batch_execute("SELECT pg_catalog.pg_advisory_lock(42)")
            .await
            .expect("nobody else has it");
        let database = database.clone();
        Gate { session, database }
    }

    /// Waits until a script is at the gate, and returns its process id.
    pub(crate) async fn reached(&self) -> String {
        self.reached_by(1).await;
        self.database.value(WAITING).await
    }

    /// Waits until this number of scripts are at the gate.
    pub(crate) async fn reached_by(&self, scripts: usize) {
        let count = format!("SELECT count(*) FROM ({WAITING}) w");
        self.database.until(&count, &scripts.to_string()).await;
    }

    /// Stops a run while its script is at the gate, and returns the run's error.
    pub(crate) async fn stopped(
        &self,
        stop: &Stop,
        run: impl Future<Output = Result<Report, Error>>,
    ) -> Error {
        let stopping = async {
            self.reached().await;
            stop.stop();
        };
        let both = async { tokio::join!(run, stopping) };
        let (outcome, ()) = within("the run", both).await;
        let error = outcome.expect_err("it is stopped");
        assert!(matches!(&*error.kind, ErrorKind::Stopped(_)), "{error:?}");
        error
    }

    pub(crate) async fn open(self) {
        self.session
            .batch_execute("SELECT pg_catalog.pg_advisory_unlock(42)")
            .await
            .expect("we have it");
    }
}
