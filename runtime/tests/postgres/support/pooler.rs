//! A database behind `PgBouncer`, whose pool has one connection.

use migrator_localpg::{Pooler, Throwaway};

use super::{Database, rows, within};

/// A pooler that gives each client a session of its own.
pub(crate) const SESSIONS: &str = "pool_mode = session\ndefault_pool_size = 1";

/// A pooler that gives each transaction any session.
pub(crate) const TRANSACTIONS: &str = "pool_mode = transaction\ndefault_pool_size = 1";

/// A database, and the same database through a pooler.
pub(crate) struct Pooled {
    pub(crate) direct: Database,
    pub(crate) through: Database,
    _pooler: Pooler,
}

impl Pooled {
    /// `None` only if the variable says that `PgBouncer` is not installed.
    pub(crate) async fn new(settings: &str) -> Option<Pooled> {
        if std::env::var_os("MIGRATOR_WITHOUT_PGBOUNCER").is_some() {
            return None;
        }
        let direct = Database::new().await;
        let server = Throwaway::shared().expect("a server");
        let pooler = Pooler::start(server, settings).expect("`scripts/prepare.sh pgbouncer`");
        let through = Database::at(pooler.url(&direct.url));
        Some(Pooled {
            direct,
            through,
            _pooler: pooler,
        })
    }

    /// Waits until the pooler has no session for a client. The settings must have
    /// `admin_users = postgres`.
    pub(crate) async fn until_a_client_waits(&self) {
        let (server, _) = self.through.url.rsplit_once('/').expect("a name");
        let console = Database::at(format!("{server}/pgbouncer")).session().await;
        let wait = async {
            loop {
                let pools = rows(&console, "SHOW POOLS").await;
                // The columns are the database, the user, the active clients, the waiting ones.
                let mut waiting = pools.iter().filter_map(|pool| pool.split('|').nth(3));
                if waiting.any(|number| number != "0") {
                    return;
                }
            }
        };
        within("a client that waits", wait).await;
    }
}
