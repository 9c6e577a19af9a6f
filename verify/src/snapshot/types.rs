//! Queries for types, domains, collations, conversions and casts.

/// Types, without arrays, tables' row types, domains, and the multiranges of ranges.
pub(super) const TYPES: &str = "
SELECT row.* FROM (SELECT 0::oid AS rngmultitypid, 0::regproc AS typsubscript) absent
CROSS JOIN LATERAL (
SELECT 'type' AS kind, quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS name,
    n.nspname AS schema, 'pg_type' AS class, t.oid,
    pg_get_userbyid(t.typowner) AS owner,
    CASE WHEN NOT t.typisdefined THEN 'shell' WHEN t.typtype = 'c' THEN 'composite'
        WHEN t.typtype = 'e' THEN 'enum' WHEN t.typtype = 'r' THEN 'range'
        WHEN t.typtype = 'b' THEN 'base' ELSE t.typtype::text END AS form,
    e.labels,
    r.subtype, r.\"operator class\", r.collation, r.canonical, r.difference, r.multirange,
    b.*
FROM (SELECT *, typsubscript::oid AS subscript FROM pg_type) t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN (
    SELECT enumtypid, string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) AS labels
    FROM pg_enum WHERE {in types enumtypid} GROUP BY enumtypid
) e ON e.enumtypid = t.oid
LEFT JOIN LATERAL (
    SELECT format_type(g.rngsubtype, NULL) AS subtype,
        (SELECT quote_ident(on_.nspname) || '.' || quote_ident(o.opcname) FROM pg_opclass o
            JOIN pg_namespace on_ ON on_.oid = o.opcnamespace WHERE o.oid = g.rngsubopc)
            AS \"operator class\",
        CASE WHEN g.rngcollation <> 0 THEN g.rngcollation::regcollation::text END AS collation,
        NULLIF(g.rngcanonical::regproc::text, '-') AS canonical,
        NULLIF(g.rngsubdiff::regproc::text, '-') AS difference,
        format_type(NULLIF(rngmultitypid, 0), NULL) AS multirange
    FROM pg_range g WHERE g.rngtypid = t.oid
) r ON t.typtype = 'r'
LEFT JOIN LATERAL (
    SELECT NULLIF(t.typinput::regproc::text, '-') AS input,
        NULLIF(t.typoutput::regproc::text, '-') AS output,
        NULLIF(t.typreceive::regproc::text, '-') AS receive,
        NULLIF(t.typsend::regproc::text, '-') AS send,
        NULLIF(t.typmodin::regproc::text, '-') AS \"modifier input\",
        NULLIF(t.typmodout::regproc::text, '-') AS \"modifier output\",
        NULLIF(t.typanalyze::regproc::text, '-') AS analyze,
        NULLIF(t.subscript::regproc::text, '-') AS subscript,
        t.typlen AS length, CASE WHEN t.typbyval THEN 'yes' END AS \"passed by value\",
        t.typalign AS alignment, {storage of t.typstorage} AS storage,
        t.typcategory AS category, CASE WHEN t.typispreferred THEN 'yes' END AS preferred,
        t.typdefault AS \"default\", t.typdelim AS delimiter,
        format_type(NULLIF(t.typelem, 0), NULL) AS element,
        CASE WHEN t.typcollation <> 0 THEN 'yes' END AS collatable
) b ON t.typtype = 'b' AND t.typisdefined
WHERE t.typtype <> 'd' AND t.typtype <> 'm' AND (t.typrelid = 0 OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type a WHERE a.oid = t.typelem AND a.typarray = t.oid)
    AND {in types t.oid} AND {ours} AND ('pg_type'::regclass, t.oid) NOT IN ({members})
) row;";

/// Domains.
pub(super) const DOMAINS: &str = "
SELECT 'domain' AS kind, quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS name,
    n.nspname AS schema, 'pg_type' AS class, t.oid,
    pg_get_userbyid(t.typowner) AS owner,
    format_type(t.typbasetype, t.typtypmod) AS type,
    CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END
        AS collation,
    t.typdefault AS \"default\",
    CASE WHEN t.typnotnull THEN 'yes' || coalesce((
        SELECT ', named ' || quote_ident(k.conname) FROM pg_constraint k
        WHERE k.contypid = t.oid AND k.contype = 'n' AND k.conname <> t.typname || '_not_null'
        ), '') END AS \"not null\"
FROM pg_type t
JOIN pg_type b ON b.oid = t.typbasetype
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'd' AND {in types t.oid} AND {ours} AND ('pg_type'::regclass, t.oid) NOT IN ({members});";

/// Constraints of domains.
pub(super) const DOMAIN_CONSTRAINTS: &str = "
SELECT 'constraint' AS kind,
    quote_ident(k.conname) || ' on ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname)
        AS name,
    n.nspname AS schema, 'domain' AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(t.typname) AS parent,
    'pg_constraint' AS class, k.oid, k.contypid AS unit,
    pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k
JOIN pg_type t ON t.oid = k.contypid
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE k.contypid <> 0 AND k.contype = 'c' AND {in types k.contypid} AND {ours}
    AND ('pg_type'::regclass, t.oid) NOT IN ({members});";

/// Collations, without the locale's version, which depends on the machine.
pub(super) const COLLATIONS: &str = "
SELECT row.* FROM (SELECT NULL AS colliculocale, NULL AS colllocale, NULL AS collicurules) absent
CROSS JOIN LATERAL (
SELECT 'collation' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.collname) AS name,
    n.nspname AS schema, 'pg_collation' AS class, c.oid,
    pg_get_userbyid(c.collowner) AS owner,
    CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
        WHEN 'd' THEN 'default' END AS provider,
    coalesce(c.locale, c.collcollate::text) AS locale,
    CASE WHEN c.collctype::text <> c.collcollate::text THEN c.collctype::text END
        AS \"character types\",
    c.rules,
    CASE WHEN NOT c.collisdeterministic THEN 'no' END AS deterministic,
    NULLIF(pg_encoding_to_char(c.collencoding), '') AS encoding
FROM (SELECT *, coalesce(colllocale::text, colliculocale::text) AS locale,
        collicurules::text AS rules FROM pg_collation) c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE {ours} AND ('pg_collation'::regclass, c.oid) NOT IN ({members})
) row;";

/// Conversions between encodings.
pub(super) const CONVERSIONS: &str = "
SELECT 'conversion' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.conname) AS name,
    n.nspname AS schema, 'pg_conversion' AS class, c.oid,
    pg_get_userbyid(c.conowner) AS owner,
    pg_encoding_to_char(c.conforencoding) AS \"from\",
    pg_encoding_to_char(c.contoencoding) AS \"to\",
    c.conproc::regproc::text AS function,
    CASE WHEN c.condefault THEN 'yes' END AS \"default\"
FROM pg_conversion c
JOIN pg_namespace n ON n.oid = c.connamespace
WHERE {ours} AND ('pg_conversion'::regclass, c.oid) NOT IN ({members});";

/// Casts, without Postgres's own and those of range types.
pub(super) const CASTS: &str = "
SELECT 'cast' AS kind,
    '(' || format_type(c.castsource, NULL) || ' as ' || format_type(c.casttarget, NULL) || ')'
        AS name,
    'pg_cast' AS class, c.oid,
    CASE c.castmethod WHEN 'f' THEN c.castfunc::regprocedure::text WHEN 'i' THEN 'input and output'
        ELSE 'none' END AS function,
    CASE c.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment' ELSE 'implicit' END
        AS context
FROM pg_cast c
WHERE c.oid >= 16384 AND ('pg_cast'::regclass, c.oid) NOT IN ({members})
    AND c.oid NOT IN (SELECT objid FROM pg_depend
        WHERE classid = 'pg_cast'::regclass AND deptype = 'i');";
