//! Queries for text search: parsers, dictionaries, templates, configurations.

/// Parsers.
pub(super) const PARSERS: &str = "
SELECT 'text search parser' AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(p.prsname) AS name,
    n.nspname AS schema, 'pg_ts_parser' AS class, p.oid,
    p.prsstart::regproc::text AS start, p.prstoken::regproc::text AS token,
    p.prsend::regproc::text AS \"end\", NULLIF(p.prsheadline::regproc::text, '-') AS headline,
    p.prslextype::regproc::text AS \"token types\"
FROM pg_ts_parser p
JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE {ours} AND ('pg_ts_parser'::regclass, p.oid) NOT IN ({members});";

/// Dictionaries.
pub(super) const DICTIONARIES: &str = "
SELECT 'text search dictionary' AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(d.dictname) AS name,
    n.nspname AS schema, 'pg_ts_dict' AS class, d.oid,
    pg_get_userbyid(d.dictowner) AS owner,
    quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname) AS template,
    d.dictinitoption AS options
FROM pg_ts_dict d
JOIN pg_namespace n ON n.oid = d.dictnamespace
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
WHERE {ours} AND ('pg_ts_dict'::regclass, d.oid) NOT IN ({members});";

/// Templates.
pub(super) const TEMPLATES: &str = "
SELECT 'text search template' AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(t.tmplname) AS name,
    n.nspname AS schema, 'pg_ts_template' AS class, t.oid,
    NULLIF(t.tmplinit::regproc::text, '-') AS init, t.tmpllexize::regproc::text AS lexize
FROM pg_ts_template t
JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE {ours} AND ('pg_ts_template'::regclass, t.oid) NOT IN ({members});";

/// Configurations with their mappings.
pub(super) const CONFIGURATIONS: &str = "
SELECT 'text search configuration' AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(c.cfgname) AS name,
    n.nspname AS schema, 'pg_ts_config' AS class, c.oid,
    pg_get_userbyid(c.cfgowner) AS owner,
    quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) AS parser,
    (SELECT string_agg(t.alias || ': ' || m.dictionaries, '; ' ORDER BY t.alias)
        FROM (SELECT maptokentype,
                string_agg(mapdict::regdictionary::text, ', ' ORDER BY mapseqno) AS dictionaries
            FROM pg_ts_config_map WHERE mapcfg = c.oid GROUP BY maptokentype) m
        JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype) AS mappings
FROM pg_ts_config c
JOIN pg_namespace n ON n.oid = c.cfgnamespace
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace pn ON pn.oid = p.prsnamespace
WHERE {ours} AND ('pg_ts_config'::regclass, c.oid) NOT IN ({members});";
