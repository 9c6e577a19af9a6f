//! The queries that read units, and for each the condition under which it has rows.
//!
//! Most scripts change few kinds of object. To start a query takes as long as to find out that it
//! has no rows, so a query without rows is not sent.

use tokio_postgres::SimpleQueryMessage;

use super::{facets, globals, relations, routines, types};

/// What the conditions of [`READING`] need to know of the units themselves: one row, because each
/// subquery of a condition takes time to start.
const SEEN: &str = "
FROM (SELECT bool_or(true) AS exist, bool_or(relkind IN ('r', 'p', 'v', 'm', 'f')) AS tables,
        bool_or(relkind IN ('r', 'p', 'v', 'm', 'f', 'c')) AS columns,
        bool_or(relkind = 'S') AS sequences, bool_or(relacl IS NOT NULL) AS granted
    FROM pg_class WHERE oid = ANY (:relations)) relations,
    (SELECT bool_or(true) AS exist, bool_or(typtype = 'd') AS domains,
        bool_or(typtype NOT IN ('d', 'm')) AS others, bool_or(typacl IS NOT NULL) AS granted
    FROM pg_type WHERE oid = ANY (:types)) types,
    (SELECT bool_or(true) AS exist, bool_or(proacl IS NOT NULL) AS granted
    FROM pg_proc WHERE oid = ANY (:routines)) routines,
    (SELECT bool_or(true) AS exist, bool_or(nspacl IS NOT NULL) AS granted
    FROM pg_namespace WHERE oid = ANY (:schemas)) schemas;";

/// The queries that read the parts of units, each with a condition that holds if it has rows.
pub(super) const READING: [(&str, &str); 17] = [
    (globals::SCHEMAS, "schemas.exist"),
    (relations::RELATIONS, "relations.tables"),
    (relations::COLUMNS, "relations.columns"),
    (
        relations::SEQUENCES,
        "relations.sequences AND EXISTS (SELECT FROM pg_class c
            WHERE c.oid = ANY (:relations) AND c.relkind = 'S'
            AND NOT EXISTS (SELECT FROM pg_depend p WHERE p.classid = 'pg_class'::regclass
                AND p.objid = c.oid AND p.objsubid = 0 AND p.deptype = 'i'))",
    ),
    (
        relations::CONSTRAINTS,
        "EXISTS (SELECT FROM pg_constraint WHERE conrelid = ANY (:relations) AND contype <> 'n')",
    ),
    (
        relations::INDEXES,
        "EXISTS (SELECT FROM pg_index WHERE indrelid = ANY (:relations) AND NOT indisprimary)",
    ),
    (
        relations::TRIGGERS,
        "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = ANY (:relations)
            AND (NOT tgisinternal OR tgparentid <> 0))",
    ),
    (
        relations::RULES,
        "EXISTS (SELECT FROM pg_rewrite WHERE ev_class = ANY (:relations)
            AND rulename <> '_RETURN')",
    ),
    (
        relations::POLICIES,
        "EXISTS (SELECT FROM pg_policy WHERE polrelid = ANY (:relations))",
    ),
    (
        relations::STATISTICS,
        "EXISTS (SELECT FROM pg_statistic_ext WHERE stxrelid = ANY (:relations))",
    ),
    (routines::ROUTINES, "routines.exist"),
    (
        types::TYPES,
        "types.others AND EXISTS (SELECT FROM pg_type t
            WHERE t.oid = ANY (:types) AND t.typtype NOT IN ('d', 'm')
            AND (t.typrelid = 0
                OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
            AND NOT EXISTS (SELECT FROM pg_type a WHERE a.oid = t.typelem AND a.typarray = t.oid))",
    ),
    (types::DOMAINS, "types.domains"),
    (
        types::DOMAIN_CONSTRAINTS,
        "types.domains AND EXISTS (SELECT FROM pg_constraint
            WHERE contypid = ANY (:types) AND contype <> 'n')",
    ),
    (facets::ALIASES, ANY),
    (facets::COMMENTS, ANY),
    (
        facets::PRIVILEGES,
        "(relations.granted OR types.granted OR routines.granted OR schemas.granted
            OR relations.exist AND EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = ANY (:relations) AND attacl IS NOT NULL))",
    ),
];

/// Whether one of the units still exists.
const ANY: &str = "(relations.exist OR types.exist OR routines.exist OR schemas.exist)";

/// The query that returns the places in [`READING`] of the queries with rows.
pub(super) fn needed() -> String {
    let places = READING.iter().enumerate();
    let places =
        places.map(|(place, (_, condition))| format!("CASE WHEN {condition} THEN {place} END"));
    let places: Vec<String> = places.collect();
    format!(
        "SELECT concat_ws(' ', {}) AS \"needed queries\"{SEEN}",
        places.join(", ")
    )
}

/// The places in the answer to [`needed`].
pub(super) fn needed_places(messages: &[SimpleQueryMessage]) -> Vec<usize> {
    let mut places = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message
            && let Ok(Some(found)) = row.try_get("needed queries")
        {
            places.extend(
                found
                    .split(' ')
                    .filter_map(|place| place.parse::<usize>().ok()),
            );
        }
    }
    places
}
