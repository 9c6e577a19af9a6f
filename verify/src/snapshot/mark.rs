//! The state of the catalogs at a snapshot: what the next snapshot is compared with, to find what a
//! script changed.
//!
//! Objects of rare kinds, such as operators and publications, are not followed one by one. Their
//! catalogs are small. If a row of one was added, changed or removed, the next snapshot is a whole
//! one. So it is after a role or a tablespace got another name, because many texts contain that name.

use tokio_postgres::SimpleQueryRow;

/// The state of the catalogs at a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The largest oid of an object. Objects that are created later have larger oids, or the
    /// snapshot that follows is a whole one.
    pub(super) newest: u32,
    /// The numbers of rows in the catalogs of rare kinds, and how many of these rows are new.
    pub(super) rare: String,
    /// A digest of the names of roles and tablespaces.
    pub(super) names: String,
}

/// The catalogs of rare kinds, with a condition that limits a shared catalog to this database.
const RARE: [(&str, &str); 29] = [
    ("pg_am", ""),
    ("pg_amop", ""),
    ("pg_amproc", ""),
    ("pg_cast", ""),
    ("pg_collation", ""),
    ("pg_conversion", ""),
    ("pg_default_acl", ""),
    ("pg_event_trigger", ""),
    ("pg_extension", ""),
    ("pg_foreign_data_wrapper", ""),
    ("pg_foreign_server", ""),
    ("pg_init_privs", ""),
    ("pg_language", ""),
    ("pg_opclass", ""),
    ("pg_operator", ""),
    ("pg_opfamily", ""),
    ("pg_publication", ""),
    ("pg_publication_rel", ""),
    ("pg_seclabel", ""),
    ("pg_statistic_ext", ""),
    ("pg_transform", ""),
    ("pg_ts_config", ""),
    ("pg_ts_config_map", ""),
    ("pg_ts_dict", ""),
    ("pg_ts_parser", ""),
    ("pg_ts_template", ""),
    ("pg_database", "datname = current_database()"),
    ("pg_db_role_setting", "setdatabase = {database}"),
    (
        "pg_shdescription",
        "classoid = 'pg_database'::regclass AND objoid = {database}",
    ),
];

/// The largest oid of an object, as the first column of a mark.
const NEWEST: &str = "SELECT greatest((SELECT max(oid) FROM pg_class),
    (SELECT max(oid) FROM pg_type), (SELECT max(oid) FROM pg_proc),
    (SELECT max(oid) FROM pg_namespace)) AS newest";

/// The query for a mark after scripts that wrote to no catalog of [`RARE`], nor of roles or
/// tablespaces. The two parameters are what the previous mark has of these.
pub(super) fn light() -> String {
    format!("{NEWEST}, $1 AS rare, $2 AS names;")
}

/// The query for a mark. `{changed xmin}` is whether a row has changed since the previous mark.
pub(super) fn query() -> String {
    let counts = RARE.map(|(catalog, condition)| {
        let condition = match condition {
            "" => String::new(),
            condition => format!(" WHERE {condition}"),
        };
        format!(
            "(SELECT count(*) || '/' || count(*) FILTER (WHERE {{changed xmin}})
                FROM {catalog}{condition})"
        )
    });
    let counts = counts.join(", ").replace(
        "{database}",
        "(SELECT d.oid FROM pg_database d WHERE d.datname = current_database())",
    );
    format!(
        "
{NEWEST},
    concat_ws(' ', {counts},
        (SELECT count(*) FROM pg_shseclabel),
        (SELECT count(*) FROM pg_subscription),
        (SELECT md5(string_agg(m::text, ' ' ORDER BY m.umid)) FROM pg_user_mappings m)) AS rare,
    md5(concat((SELECT string_agg(oid || ' ' || rolname, ' ' ORDER BY oid) FROM pg_roles),
        (SELECT string_agg(oid || ' ' || spcname, ' ' ORDER BY oid) FROM pg_tablespace))) AS names;"
    )
}

impl Mark {
    /// The mark in a row of [`query`].
    pub(super) fn read(row: &SimpleQueryRow) -> Option<Mark> {
        Some(Mark {
            newest: row.get("newest")?.parse().ok()?,
            rare: row.get("rare")?.to_owned(),
            names: row.get("names")?.to_owned(),
        })
    }

    /// Whether only objects of common kinds have changed between the two marks.
    pub(super) fn is_followed_by(&self, later: &Mark) -> bool {
        self.rare == later.rare && self.names == later.names
    }
}
