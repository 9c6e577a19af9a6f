//! The statements that undo a difference: they drop an object, create a schema, or restore a
//! property. [`empty`](super) decides which statements run, and checks their effect.

use crate::compare::difference::{Change, Difference};
use crate::quote::{literal, quoted};
use crate::snapshot::content::Snapshot;
use crate::snapshot::object::{Kind, Object};

/// A query for the statements that remove every default privilege. They revoke its grants, and grant
/// what Postgres grants without a default privilege (`acldefault`). Postgres then removes the entry.
pub(super) const RESET_DEFAULTS: &str = "
SELECT pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s %s ON %s %s %s',
    pg_catalog.pg_get_userbyid(d.defaclrole),
    CASE WHEN n.oid IS NULL THEN '' ELSE pg_catalog.format('IN SCHEMA %I', n.nspname) END,
    s.verb, k.kind, s.word,
    CASE s.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.grantee)) END)
FROM pg_catalog.pg_default_acl d
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL (SELECT CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
    WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
    WHEN 'L' THEN 'LARGE OBJECTS' END AS kind) k
CROSS JOIN LATERAL (
    SELECT DISTINCT 1 AS turn, 'REVOKE ALL' AS verb, 'FROM' AS word, x.grantee
    FROM pg_catalog.aclexplode(d.defaclacl) x
    UNION ALL
    SELECT 2, 'GRANT ' || x.privilege_type, 'TO', x.grantee
    FROM pg_catalog.aclexplode(pg_catalog.acldefault(
        CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) x
    WHERE n.oid IS NULL
) s
ORDER BY d.oid, s.turn";

/// A query for the statements that restore the initial privileges of the functions, tables, types
/// and languages of Postgres and of extensions.
pub(super) const RESET_FOREIGN: &str = "
SELECT pg_catalog.format('%s ON %s %s %s %s%s', s.verb, b.kind, i.identity, s.word,
    CASE s.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.grantee)) END,
    CASE s.turn WHEN 1 THEN ' CASCADE' ELSE '' END)
FROM (
    SELECT 'pg_proc'::pg_catalog.regclass AS class, oid, proacl AS acl, proowner AS owner,
        'f'::\"char\" AS type, 'ROUTINE' AS kind
    FROM pg_catalog.pg_proc WHERE proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_class'::pg_catalog.regclass, oid, relacl, relowner,
        (CASE relkind WHEN 'S' THEN 's' ELSE 'r' END)::\"char\",
        CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
    FROM pg_catalog.pg_class WHERE relacl IS NOT NULL
        AND relnamespace IS DISTINCT FROM pg_catalog.to_regnamespace('information_schema')
    UNION ALL
    SELECT 'pg_type'::pg_catalog.regclass, oid, typacl, typowner, 'T', 'TYPE'
    FROM pg_catalog.pg_type WHERE typacl IS NOT NULL
    UNION ALL
    SELECT 'pg_language'::pg_catalog.regclass, oid, lanacl, lanowner, 'l', 'LANGUAGE'
    FROM pg_catalog.pg_language WHERE lanacl IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace'::pg_catalog.regclass, oid, nspacl, nspowner, 'n', 'SCHEMA'
    FROM pg_catalog.pg_namespace WHERE nspacl IS NOT NULL
        AND nspname NOT IN ('public', 'information_schema')
) b
LEFT JOIN pg_catalog.pg_init_privs p
    ON p.classoid = b.class AND p.objoid = b.oid AND p.objsubid = 0
CROSS JOIN LATERAL (SELECT coalesce(p.initprivs, pg_catalog.acldefault(b.type, b.owner)) AS acl) u
CROSS JOIN LATERAL (
    SELECT DISTINCT 1 AS turn, 'REVOKE ALL' AS verb, 'FROM' AS word, x.grantee
    FROM pg_catalog.aclexplode(b.acl) x
    UNION ALL
    SELECT 2, 'GRANT ' || x.privilege_type, 'TO', x.grantee FROM pg_catalog.aclexplode(u.acl) x
) s
CROSS JOIN LATERAL pg_catalog.pg_identify_object(b.class, b.oid, 0) i
WHERE (b.oid < 16384 OR p.objoid IS NOT NULL)
    AND NOT (b.acl OPERATOR(pg_catalog.@>) u.acl AND b.acl OPERATOR(pg_catalog.<@) u.acl)
ORDER BY b.oid, s.turn";

/// The settings that are lists of names. The catalog has their values as SQL writes them
/// (`GUC_LIST_QUOTE` in Postgres's `variable_is_guc_list_quote`).
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// The privileges of the public on a new object (`acldefault`).
const USUAL: [(Kind, &str); 7] = [
    (Kind::Database, "public: CONNECT, TEMPORARY"),
    (Kind::Function, "public: EXECUTE"),
    (Kind::Procedure, "public: EXECUTE"),
    (Kind::Aggregate, "public: EXECUTE"),
    (Kind::Type, "public: USAGE"),
    (Kind::Domain, "public: USAGE"),
    (Kind::Language, "public: USAGE"),
];

/// The kinds that are dropped by altering their parent.
const PARTS: [Kind; 3] = [Kind::Column, Kind::Attribute, Kind::Constraint];

/// The kinds that cannot be dropped, or that disappear with another object.
const NOT_DROPPED: [Kind; 4] = [
    Kind::Database,
    Kind::Privileges,
    Kind::DefaultPrivileges,
    Kind::PublicationMember,
];

/// The order of the statements. Objects that react to a drop or prevent one come first: event
/// triggers, publications, subscriptions and extensions. Schemas come next, with most other objects.
pub(super) fn rank(difference: &Difference) -> usize {
    const FIRST: [Kind; 5] = [
        Kind::EventTrigger,
        Kind::Publication,
        Kind::Subscription,
        Kind::Extension,
        Kind::Schema,
    ];
    let kind = difference.object.kind;
    let place = FIRST.iter().position(|first| *first == kind);
    place.unwrap_or(FIRST.len())
}

/// The statements that undo a difference, if there are any. `database` is the quoted name of the
/// session's database.
pub(super) fn restoring(difference: &Difference, wanted: &Snapshot, database: &str) -> Vec<String> {
    let object = &difference.object;
    match &difference.change {
        Change::Appeared => drop(object),
        Change::Disappeared => create(object, wanted).into_iter().collect(),
        Change::Altered {
            property,
            before,
            after,
        } => {
            let values = [before.as_deref(), after.as_deref()];
            restore(object, property, values, database)
        }
    }
}

/// The kind as SQL writes it.
fn words(kind: Kind) -> String {
    kind.as_str()
        .replace("materialised", "materialized")
        .replace('-', " ")
        .to_uppercase()
}

/// The object as SQL writes it.
fn sql(object: &Object, database: &str) -> String {
    let is_database = object.kind == Kind::Database;
    let name = if is_database { database } else { &object.name };
    format!("{} {name}", words(object.kind))
}

fn drop(object: &Object) -> Vec<String> {
    let Object { kind, name, .. } = object;
    let words = words(*kind);
    if PARTS.contains(kind) {
        let Some(parent) = object.parent() else {
            return Vec::new();
        };
        let column = name.strip_prefix(&format!("{}.", parent.name));
        let part = column.or_else(|| name.strip_suffix(&format!(" on {}", parent.name)));
        let drop = |part| format!("ALTER {} DROP {words} {part} CASCADE", sql(parent, ""));
        part.map(drop).into_iter().collect()
    } else if *kind == Kind::Subscription {
        // A drop would remove the slot on the other server, which may no longer exist.
        vec![
            format!("ALTER SUBSCRIPTION {name} DISABLE"),
            format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
            format!("DROP SUBSCRIPTION {name}"),
        ]
    } else if *kind == Kind::UserMapping {
        vec![format!("DROP USER MAPPING IF EXISTS {name}")]
    } else if NOT_DROPPED.contains(kind) {
        Vec::new()
    } else {
        vec![format!("DROP {words} IF EXISTS {name} CASCADE")]
    }
}

/// The statement that creates a schema or an extension again, without its former contents.
fn create(object: &Object, wanted: &Snapshot) -> Option<String> {
    let value = |property: &str| wanted.properties(object)?.get(property);
    let name = &object.name;
    if object.kind == Kind::Schema {
        let owner = quoted(value("owner")?);
        Some(format!("CREATE SCHEMA {name} AUTHORIZATION {owner}"))
    } else if object.kind == Kind::Extension {
        let (schema, version) = (value("in schema")?, quoted(value("version")?));
        Some(format!(
            "CREATE EXTENSION {name} SCHEMA {schema} VERSION {version}"
        ))
    } else {
        None
    }
}

fn restore(
    object: &Object,
    property: &str,
    [before, after]: [Option<&str>; 2],
    database: &str,
) -> Vec<String> {
    let target = sql(object, database);
    if let Some(setting) = property.strip_prefix("setting ") {
        return vec![setting_statement(setting, before, database)];
    }
    match (property, before) {
        ("comment", comment) => {
            let comment = comment.map_or("NULL".to_owned(), literal);
            vec![format!("COMMENT ON {target} IS {comment}")]
        }
        ("owner", Some(owner)) => vec![format!("ALTER {target} OWNER TO {}", quoted(owner))],
        ("connection limit", limit) => {
            vec![format!(
                "ALTER {target} CONNECTION LIMIT {}",
                limit.unwrap_or("-1")
            )]
        }
        ("template", template) => {
            let template = if template.is_some() { "true" } else { "false" };
            vec![format!("ALTER {target} IS_TEMPLATE {template}")]
        }
        ("privileges", before) => privilege_statements(object.kind, &target, [before, after]),
        _ => Vec::new(),
    }
}

/// Restores a setting such as `work_mem of app`.
fn setting_statement(setting: &str, value: Option<&str>, database: &str) -> String {
    let (name, of) = match setting.split_once(" of ") {
        Some((name, role)) => (name, format!("ROLE {role} IN DATABASE {database}")),
        None => (setting, format!("DATABASE {database}")),
    };
    // A setting of an extension has a dot between two names.
    let quoted: Vec<String> = name.split('.').map(quoted).collect();
    let quoted = quoted.join(".");
    match value {
        None => format!("ALTER {of} RESET {quoted}"),
        Some(value) if LISTS.contains(&name) => format!("ALTER {of} SET {quoted} = {value}"),
        Some(value) => format!("ALTER {of} SET {quoted} = {}", literal(value)),
    }
}

/// Revokes the current privileges of everybody but the owner, and grants those of the earlier value.
/// Without an earlier value, the public gets what Postgres grants on a new object.
fn privilege_statements(kind: Kind, target: &str, values: [Option<&str>; 2]) -> Vec<String> {
    let [before, after] = values;
    let mut statements: Vec<String> = grants(after.unwrap_or_default())
        .map(|(grantee, _)| grantee)
        .chain(["public"])
        .filter(|grantee| *grantee != "owner")
        .map(|grantee| format!("REVOKE ALL ON {target} FROM {grantee} CASCADE"))
        .collect();
    let usual = USUAL.iter().find(|(of, _)| *of == kind);
    let usual = usual.map_or("", |(_, privileges)| privileges);
    let grants = grants(before.unwrap_or(usual));
    statements.extend(grants.filter(|(grantee, _)| *grantee != "owner").flat_map(
        |(grantee, granted)| {
            let (plain, grantable) = match granted.split_once("(grantable ") {
                Some((plain, grantable)) => (plain.trim(), grantable.trim_end_matches(')')),
                None => (granted, ""),
            };
            let grant = |list: &str, option: &str| {
                (!list.is_empty()).then(|| format!("GRANT {list} ON {target} TO {grantee}{option}"))
            };
            let grants = [grant(plain, ""), grant(grantable, " WITH GRANT OPTION")];
            grants.into_iter().flatten()
        },
    ));
    statements
}

/// Splits `app: SELECT (grantable INSERT); public: SELECT` into grantees and privileges.
fn grants(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split("; ").filter_map(|grant| grant.split_once(": "))
}
