//! Finds the services that a run is changing now, by the locks of the run.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryRow;

use crate::event::active::ActiveRun;
use crate::event::blocker::Holder;
use crate::session::advisory::{KEY, is_held_sql, key};

/// The query for which of these services a run is changing; [`services`] reads its answer.
pub(crate) fn query(schema: &str, services: &[&str]) -> String {
    let keys = services.iter().map(|service| key(schema, service));
    format!(
        "SELECT 'also', {KEY} FROM pg_catalog.pg_locks l \
         WHERE {} AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock';",
        is_held_sql(keys)
    )
}

/// The services that a run is changing, from the answer to [`query`].
pub(crate) fn services(
    schema: &str,
    services: &[&str],
    answer: &[SimpleQueryRow],
) -> BTreeSet<String> {
    let keys = answer.iter().filter_map(|row| row.get(1)?.parse().ok());
    let keys: BTreeSet<i64> = keys.collect();
    let is_at_work = |service: &&&str| keys.contains(&key(schema, service));
    let at_work = services.iter().filter(is_at_work);
    at_work.map(|&service| service.to_owned()).collect()
}

/// The query for the sessions that are changing these services, which [`runs`] reads, and for the role
/// of the server: a row with `server`, and whether the server is a standby.
pub(crate) fn activity_query(schema: &str, services: &[&str]) -> String {
    let keys = services.iter().map(|service| key(schema, service));
    format!(
        "SELECT 'also', 'server', pg_catalog.pg_is_in_recovery();\
         SELECT 'also', 'run', {KEY}, a.pid, a.application_name, a.usename, \
           pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"') \
         FROM pg_catalog.pg_locks l \
         JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) l.pid \
         WHERE {} AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock';",
        is_held_sql(keys)
    )
}

/// The runs that are changing these services, from the answer to [`activity_query`].
pub(crate) fn runs(schema: &str, services: &[&str], answer: &[SimpleQueryRow]) -> Vec<ActiveRun> {
    let rows = answer.iter().filter(|row| row.get(1) == Some("run"));
    let mut runs: Vec<ActiveRun> = Vec::new();
    for service in services {
        let key = key(schema, service).to_string();
        for row in rows.clone().filter(|row| row.get(2) == Some(&key)) {
            let text = |column| row.get(column).unwrap_or_default().to_owned();
            let session = Holder {
                pid: row.get(3).and_then(|pid| pid.parse().ok()),
                application: text(4),
                role: text(5),
                since: text(6),
            };
            let service = (*service).to_owned();
            match runs.iter_mut().find(|run| run.session.pid == session.pid) {
                Some(run) => run.services.push(service),
                None => runs.push(ActiveRun {
                    session,
                    services: vec![service],
                }),
            }
        }
    }
    runs
}
