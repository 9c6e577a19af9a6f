//! Queries for objects outside schemas: the database itself, schemas, extensions, languages,
//! event triggers, publications, subscriptions, foreign servers, default privileges.

/// The database. Its name and owner are left out, so that two databases can be compared.
pub(super) const DATABASE: &str = "
SELECT 'database' AS kind, '' AS name, 'pg_database' AS class, d.oid,
    NULLIF(d.datconnlimit, -1) AS \"connection limit\",
    CASE WHEN d.datistemplate THEN 'yes' END AS template
FROM pg_database d WHERE d.datname = current_database();";

/// Schemas.
pub(super) const SCHEMAS: &str = "
SELECT 'schema' AS kind, quote_ident(n.nspname) AS name, n.nspname AS schema,
    'pg_namespace' AS class, n.oid, pg_get_userbyid(n.nspowner) AS owner
FROM pg_namespace n
WHERE {in schemas n.oid} AND {ours} AND ('pg_namespace'::regclass, n.oid) NOT IN ({members});";

/// Extensions, without their members.
pub(super) const EXTENSIONS: &str = "
SELECT 'extension' AS kind, quote_ident(e.extname) AS name, 'pg_extension' AS class, e.oid,
    pg_get_userbyid(e.extowner) AS owner, e.extversion AS version,
    quote_ident(s.nspname) AS \"in schema\"
FROM pg_extension e
JOIN pg_namespace s ON s.oid = e.extnamespace;";

/// Languages, without Postgres's own.
pub(super) const LANGUAGES: &str = "
SELECT 'language' AS kind, quote_ident(l.lanname) AS name, 'pg_language' AS class, l.oid,
    pg_get_userbyid(l.lanowner) AS owner,
    CASE WHEN l.lanpltrusted THEN 'yes' END AS trusted,
    NULLIF(l.lanplcallfoid::regproc::text, '-') AS handler,
    NULLIF(l.laninline::regproc::text, '-') AS \"inline\",
    NULLIF(l.lanvalidator::regproc::text, '-') AS validator
FROM pg_language l
WHERE l.oid >= 16384 AND ('pg_language'::regclass, l.oid) NOT IN ({members});";

/// Transforms.
pub(super) const TRANSFORMS: &str = "
SELECT 'transform' AS kind,
    'for ' || format_type(t.trftype, NULL) || ' language ' || quote_ident(l.lanname) AS name,
    'pg_transform' AS class, t.oid,
    NULLIF(t.trffromsql::regprocedure::text, '-') AS \"from SQL\",
    NULLIF(t.trftosql::regprocedure::text, '-') AS \"to SQL\"
FROM pg_transform t
JOIN pg_language l ON l.oid = t.trflang
WHERE ('pg_transform'::regclass, t.oid) NOT IN ({members});";

/// Access methods, without Postgres's own.
pub(super) const ACCESS_METHODS: &str = "
SELECT 'access method' AS kind, quote_ident(m.amname) AS name, 'pg_am' AS class, m.oid,
    CASE m.amtype WHEN 'i' THEN 'index' ELSE 'table' END AS \"for\",
    m.amhandler::regproc::text AS handler
FROM pg_am m
WHERE m.oid >= 16384 AND ('pg_am'::regclass, m.oid) NOT IN ({members});";

/// Event triggers.
pub(super) const EVENT_TRIGGERS: &str = "
SELECT 'event trigger' AS kind, quote_ident(t.evtname) AS name, 'pg_event_trigger' AS class, t.oid,
    pg_get_userbyid(t.evtowner) AS owner, t.evtevent AS event,
    t.evtfoid::regprocedure::text AS function,
    (SELECT string_agg(g, ', ' ORDER BY g) FROM unnest(t.evttags) g) AS tags,
    CASE WHEN t.evtenabled <> 'O' THEN {enabled t.evtenabled} END AS enabled
FROM pg_event_trigger t
WHERE ('pg_event_trigger'::regclass, t.oid) NOT IN ({members});";

/// Publications.
pub(super) const PUBLICATIONS: &str = "
SELECT row.* FROM (SELECT NULL AS pubgencols) absent CROSS JOIN LATERAL (
SELECT 'publication' AS kind, quote_ident(p.pubname) AS name, 'pg_publication' AS class, p.oid,
    pg_get_userbyid(p.pubowner) AS owner,
    CASE WHEN p.puballtables THEN 'yes' END AS \"all tables\",
    concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
        CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
        CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes,
    CASE WHEN p.pubviaroot THEN 'yes' END AS \"via partition root\",
    CASE p.gencols WHEN 's' THEN 'stored' END AS \"generated columns\"
FROM (SELECT *, pubgencols::text AS gencols FROM pg_publication) p
WHERE ('pg_publication'::regclass, p.oid) NOT IN ({members})
) row;";

/// Tables in publications.
pub(super) const PUBLISHED_TABLES: &str = "
SELECT row.* FROM (SELECT NULL::pg_node_tree AS prqual, NULL::int2vector AS prattrs) absent
CROSS JOIN LATERAL (
SELECT 'publication member' AS kind,
    r.prrelid::regclass::text || ' in ' || quote_ident(p.pubname) AS name,
    'publication' AS \"parent kind\", quote_ident(p.pubname) AS parent,
    'pg_publication_rel' AS class, r.oid,
    pg_get_expr(r.filter, r.prrelid) AS \"row filter\",
    (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.columns)) AS columns
FROM (SELECT *, prqual AS filter, prattrs AS columns FROM pg_publication_rel) r
JOIN pg_publication p ON p.oid = r.prpubid
) row;";

/// Whole schemas in publications, read from the dependencies, because Postgres before 15 has no
/// `pg_publication_namespace`.
pub(super) const PUBLISHED_SCHEMAS: &str = "
SELECT 'publication member' AS kind,
    'schema ' || quote_ident(n.nspname) || ' in ' || quote_ident(p.pubname) AS name,
    'publication' AS \"parent kind\", quote_ident(p.pubname) AS parent,
    'pg_publication_namespace' AS class, d.objid AS oid
FROM pg_publication p
JOIN pg_depend d ON d.refclassid = 'pg_publication'::regclass AND d.refobjid = p.oid
    AND d.classid = to_regclass('pg_catalog.pg_publication_namespace')
JOIN pg_depend e ON e.classid = d.classid AND e.objid = d.objid
    AND e.refclassid = 'pg_namespace'::regclass
JOIN pg_namespace n ON n.oid = e.refobjid;";

/// Subscriptions, with the columns that everybody may read. The connection is not among them, and
/// in Postgres 13 the oid is not either; a view shows which have a comment.
pub(super) const SUBSCRIPTIONS: &str = "
SELECT row.* FROM (SELECT NULL AS subbinary, NULL AS substream, NULL AS subtwophasestate,
    NULL AS subdisableonerr, NULL AS suborigin, NULL AS subpasswordrequired, NULL AS subrunasowner,
    NULL AS subfailover) absent CROSS JOIN LATERAL (
SELECT 'subscription' AS kind, quote_ident(subname) AS name, 'pg_subscription' AS class,
    (SELECT v.subid FROM pg_stat_subscription v WHERE v.subname = s.subname AND v.subid IN (
        SELECT objoid FROM pg_description WHERE classoid = 'pg_subscription'::regclass
        UNION ALL SELECT objoid FROM pg_seclabel WHERE classoid = 'pg_subscription'::regclass)
        LIMIT 1) AS oid,
    pg_get_userbyid(subowner) AS owner, CASE WHEN NOT subenabled THEN 'no' END AS enabled,
    subslotname AS slot,
    (SELECT string_agg(quote_ident(p), ', ' ORDER BY p) FROM unnest(subpublications) p)
        AS publications,
    CASE subbinary::text WHEN 'true' THEN 'yes' END AS binary,
    CASE WHEN substream::text IN ('t', 'true') THEN 'on' WHEN substream::text = 'p' THEN 'parallel'
        END AS streaming,
    CASE WHEN subtwophasestate::text IN ('p', 'e') THEN 'yes' END AS \"two phase\",
    CASE subdisableonerr::text WHEN 'true' THEN 'yes' END AS \"disabled on error\",
    NULLIF(suborigin, 'any') AS origin,
    CASE subpasswordrequired::text WHEN 'false' THEN 'no' END AS \"password required\",
    CASE subrunasowner::text WHEN 'true' THEN 'yes' END AS \"run as owner\",
    CASE subfailover::text WHEN 'true' THEN 'yes' END AS failover
FROM pg_subscription s
WHERE subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
) row;";

/// Foreign-data wrappers.
pub(super) const WRAPPERS: &str = "
SELECT 'foreign-data wrapper' AS kind, quote_ident(w.fdwname) AS name,
    'pg_foreign_data_wrapper' AS class, w.oid,
    pg_get_userbyid(w.fdwowner) AS owner,
    NULLIF(w.fdwhandler::regproc::text, '-') AS handler,
    NULLIF(w.fdwvalidator::regproc::text, '-') AS validator,
    {options of w.fdwoptions} AS options
FROM pg_foreign_data_wrapper w
WHERE ('pg_foreign_data_wrapper'::regclass, w.oid) NOT IN ({members});";

/// Foreign servers.
pub(super) const SERVERS: &str = "
SELECT 'server' AS kind, quote_ident(s.srvname) AS name, 'pg_foreign_server' AS class, s.oid,
    'foreign-data wrapper' AS \"parent kind\", quote_ident(w.fdwname) AS parent,
    pg_get_userbyid(s.srvowner) AS owner, quote_ident(w.fdwname) AS \"wrapper\",
    s.srvtype AS type, s.srvversion AS version, {options of s.srvoptions} AS options
FROM pg_foreign_server s
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE ('pg_foreign_server'::regclass, s.oid) NOT IN ({members});";

/// User mappings. The options are empty for a role that may not see them.
pub(super) const USER_MAPPINGS: &str = "
SELECT 'user mapping' AS kind,
    'for ' || quote_ident(m.usename) || ' server ' || quote_ident(m.srvname) AS name,
    'server' AS \"parent kind\", quote_ident(m.srvname) AS parent,
    {options of m.umoptions} AS options
FROM pg_user_mappings m;";

/// Default privileges, one object for each owner, schema and kind of object.
pub(super) const DEFAULT_PRIVILEGES: &str = "
SELECT 'default privileges' AS kind,
    'of ' || quote_ident(pg_get_userbyid(d.defaclrole))
        || CASE WHEN d.defaclnamespace = 0 THEN '' ELSE ' in ' || quote_ident(n.nspname) END
        || ' on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
            WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
            WHEN 'L' THEN 'large objects' ELSE d.defaclobjtype::text END AS name,
    n.nspname AS schema,
    CASE WHEN n.oid IS NOT NULL THEN 'schema' END AS \"parent kind\", quote_ident(n.nspname) AS parent,
    coalesce((SELECT string_agg(g.grantee || ': ' || g.granted, '; ' ORDER BY g.grantee) FROM (
        SELECT {grantee}, {granted} AS granted FROM aclexplode(d.defaclacl) x GROUP BY 1
    ) g), 'none') AS privileges
FROM pg_default_acl d
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE n.oid IS NULL OR {ours};";
