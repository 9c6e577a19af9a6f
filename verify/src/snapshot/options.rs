//! Storage options: the ones that SQL can set, and the ones that a server keeps for itself.
//!
//! A release of Postgres may keep options of its own: 15.20 keeps `pg_attver` with each column, and
//! `pg_dump` leaves it out. So an option is compared if its name is known. On an access method of an
//! extension, every option is compared. An option with a namespace is compared too, because only SQL or the
//! extension can have set it.
//!
//! The names are those of Postgres 13 to 18 (`src/backend/access/common/reloptions.c`).

/// The options of tables, of their TOAST tables and of materialised views (`heap`), then of views.
const TABLES: &str = "ARRAY['fillfactor', 'toast_tuple_target', 'parallel_workers',
    'user_catalog_table', 'autovacuum_enabled', 'autovacuum_vacuum_threshold',
    'autovacuum_vacuum_max_threshold', 'autovacuum_vacuum_scale_factor',
    'autovacuum_vacuum_insert_threshold', 'autovacuum_vacuum_insert_scale_factor',
    'autovacuum_analyze_threshold', 'autovacuum_analyze_scale_factor',
    'autovacuum_vacuum_cost_delay', 'autovacuum_vacuum_cost_limit',
    'autovacuum_freeze_min_age', 'autovacuum_freeze_max_age', 'autovacuum_freeze_table_age',
    'autovacuum_multixact_freeze_min_age', 'autovacuum_multixact_freeze_max_age',
    'autovacuum_multixact_freeze_table_age', 'log_autovacuum_min_duration',
    'vacuum_index_cleanup', 'vacuum_truncate', 'vacuum_max_eager_freeze_failure_rate',
    'security_barrier', 'security_invoker', 'check_option']";

/// The options of indexes, by the access method `im`.
const INDEXES: &str = "CASE im.amname
    WHEN 'btree' THEN ARRAY['fillfactor', 'deduplicate_items', 'vacuum_cleanup_index_scale_factor']
    WHEN 'hash' THEN ARRAY['fillfactor']
    WHEN 'gist' THEN ARRAY['fillfactor', 'buffering']
    WHEN 'spgist' THEN ARRAY['fillfactor']
    WHEN 'gin' THEN ARRAY['fastupdate', 'gin_pending_list_limit']
    WHEN 'brin' THEN ARRAY['pages_per_range', 'autosummarize']
    ELSE ARRAY[]::text[] END";

/// The options of columns.
const COLUMNS: &str = "ARRAY['n_distinct', 'n_distinct_inherited']";

/// The options of servers: they are neither compared nor listed as unknown.
const INTERNAL: &str = "ARRAY['pg_attver']";

/// Abbreviations with an argument: the options that SQL has set, and the unknown names. `m` is the
/// access method of a table, `im` that of an index.
pub(super) fn abbreviations() -> [(&'static str, String); 7] {
    let of_tables = format!("m.oid >= 16384 OR o.name = ANY ({TABLES})");
    let of_indexes = format!("im.oid >= 16384 OR o.name = ANY ({INDEXES})");
    let of_columns = format!("o.name = ANY ({COLUMNS})");
    [
        ("{without options ", WITHOUT.to_owned()),
        ("{table options of ", set(&of_tables)),
        ("{index options of ", set(&of_indexes)),
        ("{column options of ", set(&of_columns)),
        ("{unknown table options of ", unknown(&of_tables)),
        ("{unknown index options of ", unknown(&of_indexes)),
        ("{unknown column options of ", unknown(&of_columns)),
    ]
}

/// The definition of the index `xc`, or of its constraint, without the options that Postgres writes
/// into it (`get_reloptions` in `ruleutils.c`).
const WITHOUT: &str = "coalesce(replace($, (
        SELECT ' WITH (' || string_agg(quote_ident(o.name) || '=' || CASE
            WHEN quote_ident(o.value) = o.value THEN o.value
            ELSE quote_literal(o.value) END, ', ' ORDER BY o.place) || ')'
        FROM (SELECT place, split_part(text, '=', 1) AS name,
                substr(text, strpos(text, '=') + 1) AS value
            FROM unnest(xc.reloptions) WITH ORDINALITY u (text, place)) o
    ), ''), $)";

fn set(is_known: &str) -> String {
    format!(
        "array_to_string(ARRAY(SELECT o.text {EACH}
            WHERE {is_known} OR strpos(o.name, '.') > 0 ORDER BY o.text), ', ')"
    )
}

fn unknown(is_known: &str) -> String {
    format!(
        "array_to_string(ARRAY(SELECT o.name {EACH}
            WHERE ({is_known} OR strpos(o.name, '.') > 0 OR o.name = ANY ({INTERNAL})) IS NOT TRUE
            ORDER BY o.text), ', ')"
    )
}

const EACH: &str =
    "FROM (SELECT u AS text, split_part(u, '=', 1) AS name FROM unnest($) u OFFSET 0) o";
