//! Builds the message of a snapshot: settings, then every query with its abbreviations expanded.

use super::content::Scope;
use super::{facets, globals, mark, options, relations, routines, text_search, types};

/// The queries whose rows are objects.
const OBJECTS: [&str; 39] = [
    globals::DATABASE,
    globals::SCHEMAS,
    globals::EXTENSIONS,
    globals::LANGUAGES,
    globals::TRANSFORMS,
    globals::ACCESS_METHODS,
    globals::EVENT_TRIGGERS,
    globals::PUBLICATIONS,
    globals::PUBLISHED_TABLES,
    globals::PUBLISHED_SCHEMAS,
    globals::SUBSCRIPTIONS,
    globals::WRAPPERS,
    globals::SERVERS,
    globals::USER_MAPPINGS,
    globals::DEFAULT_PRIVILEGES,
    relations::RELATIONS,
    relations::COLUMNS,
    relations::SEQUENCES,
    relations::CONSTRAINTS,
    relations::INDEXES,
    relations::TRIGGERS,
    relations::RULES,
    relations::POLICIES,
    relations::STATISTICS,
    routines::ROUTINES,
    routines::OPERATORS,
    routines::OPERATOR_CLASSES,
    routines::OPERATOR_FAMILIES,
    types::TYPES,
    types::DOMAINS,
    types::DOMAIN_CONSTRAINTS,
    types::COLLATIONS,
    types::CONVERSIONS,
    types::CASTS,
    text_search::PARSERS,
    text_search::DICTIONARIES,
    text_search::TEMPLATES,
    text_search::CONFIGURATIONS,
    facets::ALIASES,
];

/// The queries whose rows are properties of these objects.
const FACETS: [&str; 4] = [
    facets::COMMENTS,
    facets::LABELS,
    facets::SETTINGS,
    facets::PRIVILEGES,
];

/// The transaction in which a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// A transaction of its own.
    Own,
    /// The open transaction of the session, with its changes.
    Open,
}

impl Within {
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Within::Own => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
            Within::Open => "SAVEPOINT \"migrator: snapshot\";",
        }
    }

    pub(super) fn end(self) -> &'static str {
        match self {
            Within::Own => "COMMIT",
            Within::Open => self.undo(),
        }
    }

    /// The statement that restores the settings, also after an error.
    pub(crate) fn undo(self) -> &'static str {
        match self {
            Within::Own => "ROLLBACK",
            Within::Open => {
                "ROLLBACK TO SAVEPOINT \"migrator: snapshot\";\
                 RELEASE SAVEPOINT \"migrator: snapshot\""
            }
        }
    }

    fn message(self, queries: &str) -> String {
        format!("{}{PRINTING}{queries}\n{}", self.begin(), self.end())
    }
}

/// The settings that decide how definitions are printed, and a `search_path` that finds only the
/// catalog's tables. `jit` would take longer than the queries.
pub(crate) const PRINTING: &str = "
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL standard_conforming_strings = on;
SET LOCAL quote_all_identifiers = off;
SET LOCAL \"DateStyle\" = 'ISO, YMD';
SET LOCAL \"IntervalStyle\" = 'postgres';
SET LOCAL \"TimeZone\" = 'UTC';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
SET LOCAL xmlbinary = 'base64';
SET LOCAL lc_monetary = 'C';
SET LOCAL jit = off;
SET LOCAL lock_timeout = '5s';
";

/// The abbreviations in the queries. `n`, `c` and `x` are the aliases of `pg_namespace`, `pg_class`
/// and the result of `aclexplode`.
const ABBREVIATIONS: [(&str, &str); 6] = [
    (
        "{relation kind}",
        "CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view'
            WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END",
    ),
    (
        "{members}",
        "SELECT classid, objid FROM pg_depend
            WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'",
    ),
    (
        "{sequence}",
        "' as ' || format_type(s.seqtypid, NULL) || ' start ' || s.seqstart
            || ' increment ' || s.seqincrement || ' minimum ' || s.seqmin || ' maximum ' || s.seqmax
            || ' cache ' || s.seqcache || CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END",
    ),
    (
        "{grantee}",
        "CASE x.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
            AS grantee",
    ),
    (
        "{granted}",
        "concat_ws(' ', string_agg(DISTINCT x.privilege_type, ', ')
                FILTER (WHERE NOT x.is_grantable),
            '(grantable ' || string_agg(DISTINCT x.privilege_type, ', ')
                FILTER (WHERE x.is_grantable) || ')')",
    ),
    (
        "{ours}",
        "(n.nspname !~ '^pg_' AND n.nspname NOT IN ({left out}))",
    ),
];

/// The abbreviations with an argument, which is `$` here and ends at the brace.
const WITH_ARGUMENT: [(&str, &str); 3] = [
    (
        "{storage of ",
        "CASE $ WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
            ELSE 'extended' END",
    ),
    (
        "{enabled ",
        "CASE $ WHEN 'D' THEN 'never' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always'
            ELSE 'yes' END",
    ),
    (
        // A value that may be a secret is not read.
        "{options of ",
        "(SELECT string_agg(o.option_name || ' ' || CASE
            WHEN o.option_name ~* 'passw|passfile|secret|token' THEN '(hidden)'
            ELSE quote_literal(o.option_value) END, ', ' ORDER BY o.option_name)
            FROM pg_options_to_table($) o)",
    ),
];

/// Which objects a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All objects.
    Whole,
    /// The units in four parameters: the oids of relations, types, routines and schemas.
    Units,
}

/// The parameters of a query that reads units.
const PARAMETERS: [(&str, &str); 4] = [
    (":relations", "$1::oid[]"),
    (":types", "$2::oid[]"),
    (":routines", "$3::oid[]"),
    (":schemas", "$4::oid[]"),
];

/// The abbreviations with an argument that limit a query to units, or a lateral subquery to the row
/// `a` of `pg_attribute`, `k` of `pg_constraint` or `x` of `pg_index` that it belongs to.
const LIMITS: [(&str, &str); 9] = [
    ("{in relations ", "$ = ANY (:relations)"),
    ("{in types ", "$ = ANY (:types)"),
    ("{in routines ", "$ = ANY (:routines)"),
    ("{in schemas ", "$ = ANY (:schemas)"),
    ("{of column ", "$ = a.attrelid"),
    ("{of identity ", "$ = a.attrelid AND a.attidentity <> ''"),
    ("{of constraint ", "$ = k.oid"),
    ("{of index ", "$ = x.indexrelid"),
    (
        "{of units ",
        "$ IN (SELECT unnest(:relations) UNION SELECT unnest(:types)
            UNION SELECT unnest(:routines) UNION SELECT unnest(:schemas)
            UNION SELECT oid FROM pg_constraint WHERE conrelid = ANY (:relations)
            UNION SELECT oid FROM pg_constraint WHERE contypid = ANY (:types)
            UNION SELECT indexrelid FROM pg_index WHERE indrelid = ANY (:relations)
            UNION SELECT oid FROM pg_trigger WHERE tgrelid = ANY (:relations)
            UNION SELECT oid FROM pg_rewrite WHERE ev_class = ANY (:relations)
            UNION SELECT oid FROM pg_policy WHERE polrelid = ANY (:relations)
            UNION SELECT oid FROM pg_statistic_ext WHERE stxrelid = ANY (:relations))",
    ),
];

/// The message for a scope.
pub(super) fn message(scope: &Scope) -> String {
    let queries = queries().map(|query| written(query, scope, Reach::Whole));
    let queries: String = queries.collect();
    Within::Own.message(&queries)
}

/// The message that also prepares the queries, under a number.
pub(super) fn first(scope: &Scope, generation: usize, within: Within) -> String {
    let prepared = queries().enumerate().map(|(index, query)| {
        let (name, query) = (name(generation, index), written(query, scope, Reach::Whole));
        format!("PREPARE {name} AS {query}EXECUTE {name};")
    });
    let mut prepared: Vec<String> = prepared.collect();
    prepared.push(mark());
    within.message(&prepared.concat())
}

/// The message that executes the prepared queries.
pub(super) fn again(generation: usize, within: Within) -> String {
    let names = (0..queries().count()).map(|index| name(generation, index));
    let mut executed: Vec<String> = names.map(|name| format!("EXECUTE {name};")).collect();
    executed.push(mark());
    within.message(&executed.concat())
}

/// The query for the mark of a whole snapshot.
fn mark() -> String {
    mark::query().replace("{changed xmin}", "false")
}

/// The name of a prepared query.
fn name(generation: usize, index: usize) -> String {
    format!("\"migrator snapshot {generation} {index}\"")
}

fn queries() -> impl Iterator<Item = &'static str> {
    OBJECTS.into_iter().chain(FACETS)
}

/// A query with its abbreviations expanded.
pub(super) fn written(query: &str, scope: &Scope, reach: Reach) -> String {
    let mut text = query.to_owned();
    for (short, long) in LIMITS {
        let long = match reach {
            Reach::Whole => "true",
            Reach::Units => long,
        };
        text = with_argument(&text, short, long);
    }
    for (parameter, number) in PARAMETERS {
        text = text.replace(parameter, number);
    }
    let whole = (reach == Reach::Whole).to_string();
    text = text.replace("{whole}", &whole);
    for (short, long) in WITH_ARGUMENT {
        text = with_argument(&text, short, long);
    }
    for (short, long) in options::abbreviations() {
        text = with_argument(&text, short, &long);
    }
    for (short, long) in ABBREVIATIONS {
        text = text.replace(short, long);
    }
    text.replace("{left out}", &left_out(scope))
}

/// Expands one abbreviation with an argument.
fn with_argument(text: &str, short: &str, long: &str) -> String {
    let mut parts = text.split(short);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (argument, rest) = part.split_once('}').unwrap_or((part, ""));
        written += &long.replace('$', argument);
        written += rest;
    }
    written
}

/// The schemas that are left out, as literals that mean the same for each value of
/// `standard_conforming_strings`.
fn left_out(scope: &Scope) -> String {
    let literal = |name: &String| format!(", E'{}'", name.replace('\\', r"\\").replace('\'', "''"));
    let names: String = scope.without_schemas.iter().map(literal).collect();
    format!("'information_schema'{names}")
}
