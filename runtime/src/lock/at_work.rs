//! Finds the services that a run is changing now, by the locks of the run.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryRow;

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
