//! The binary and real signals: its output, its exit code, and what remains on the server.
//!
//! An event trigger holds a script in the middle.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

macro_rules! assert_ended {
    ($running:expr) => {
        insta::with_settings!({ filters => $crate::support::filters() }, {
            insta::assert_snapshot!($crate::support::text(&$running.end()));
        })
    };
}

mod network;
mod run;
#[path = "../support/running.rs"]
mod running;
mod status;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod wait;

use crate::running::start;
use crate::support::{THIRD, hold, query, until, until_activity};

/// Checks that no session is active and that no run holds a lock.
fn nothing_goes_on(url: &str) {
    until(
        url,
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity \
           WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND backend_type = 'client backend' AND state <> 'idle') \
         AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
           WHERE l.locktype = 'advisory' AND d.datname = current_database())",
    );
}

fn recorded(url: &str) -> Vec<String> {
    query(
        url,
        "SELECT name || coalesce(' dirty ' || dirty, '') FROM migrator.core_history ORDER BY version",
    )
}
