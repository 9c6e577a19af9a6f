//! Queries for tables, views, sequences and their parts: columns, constraints, indexes, triggers,
//! rules, policies, statistics.
//!
//! `OFFSET 0` keeps the planner from reading the rows of a subquery one by one. The planner considers
//! this cheap in a database that was never analysed. If a query reads a few units only, a subquery
//! that is `LATERAL` reads the rows of one object by an index.

/// Tables, views, materialised views and foreign tables.
pub(super) const RELATIONS: &str = "
SELECT {relation kind} AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
    n.nspname AS schema, 'pg_class' AS class, c.oid,
    pg_get_userbyid(c.relowner) AS owner,
    CASE c.relpersistence WHEN 'u' THEN 'yes' END AS unlogged,
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS \"partition key\",
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS \"partition bound\",
    CASE WHEN c.relispartition THEN i.parents END AS \"partition of\",
    CASE WHEN NOT c.relispartition THEN i.parents END AS inherits,
    CASE WHEN i.detaching THEN 'yes' END AS \"being detached\",
    CASE WHEN c.relrowsecurity THEN 'yes' END AS \"row security\",
    CASE WHEN c.relforcerowsecurity THEN 'yes' END AS \"forced row security\",
    CASE c.relreplident WHEN 'n' THEN CASE c.relkind WHEN 'v' THEN NULL ELSE 'nothing' END WHEN 'f' THEN 'full' WHEN 'i' THEN 'an index' END
        AS \"replica identity\",
    m.amname AS \"access method\",
    s.spcname AS tablespace,
    CASE WHEN c.reloptions IS NOT NULL THEN {table options of c.reloptions} END AS options,
    CASE WHEN t.reloptions IS NOT NULL THEN {table options of t.reloptions} END
        AS \"toast options\",
    CASE WHEN c.reloptions IS NOT NULL OR t.reloptions IS NOT NULL
        THEN {unknown table options of c.reloptions || t.reloptions} END AS \"unknown options\",
    CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS \"of type\",
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
    CASE WHEN NOT c.relispopulated THEN 'no' END AS populated,
    fs.srvname AS server,
    {options of ft.ftoptions} AS \"foreign options\"
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am m ON m.oid = c.relam AND c.relkind IN ('r', 'm', 'p')
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL
LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver
LEFT JOIN (
    SELECT row.* FROM (SELECT false AS inhdetachpending) absent CROSS JOIN LATERAL (
        SELECT inhrelid, bool_or(pending) AS detaching,
            string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) AS parents
        FROM (SELECT *, inhdetachpending AS pending FROM pg_inherits) i
        WHERE {in relations inhrelid} GROUP BY inhrelid) row
) i ON i.inhrelid = c.oid AND c.relkind IN ('r', 'p', 'f')
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {in relations c.oid} AND {ours}
    AND ('pg_class'::regclass, c.oid) NOT IN ({members});";

/// Columns, and the attributes of composite types. A `position` is a rank, because the catalog's
/// numbers have gaps after dropped columns. `NOT NULL` is a property of the column. Since Postgres 18
/// it is a constraint with a name, which is listed only if Postgres did not choose it.
pub(super) const COLUMNS: &str = "
SELECT row.* FROM (SELECT NULL::\"char\" AS attcompression) absent CROSS JOIN LATERAL (
SELECT CASE c.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname)
        AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
    'pg_class' AS class, c.oid, a.attnum AS sub,
    row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS position,
    format_type(a.atttypid, a.atttypmod) AS type,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END
        AS collation,
    CASE WHEN a.attnotnull THEN 'yes'
        || CASE WHEN nn.conname <> c.relname || '_' || a.attname || '_not_null'
            THEN ', named ' || quote_ident(nn.conname) ELSE '' END
        || CASE WHEN nn.connoinherit THEN ', no inherit' ELSE '' END
        || CASE WHEN NOT nn.convalidated THEN ', not valid' ELSE '' END
        || CASE WHEN c.relispartition OR nn.coninhcount = 0 THEN ''
            WHEN nn.conislocal THEN ', inherited and local'
            WHEN NOT nn.conislocal THEN ', inherited' ELSE '' END
        END AS \"not null\",
    CASE a.attgenerated WHEN '' THEN pg_get_expr(d.adbin, d.adrelid) END AS \"default\",
    CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid)
        || CASE a.attgenerated WHEN 's' THEN ' stored' ELSE ' virtual' END END AS generated,
    CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
    q.sequence AS \"identity sequence\",
    CASE WHEN a.attstorage <> t.typstorage THEN {storage of a.attstorage} END AS storage,
    CASE a.compression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
    NULLIF(a.attstattarget, -1) AS \"statistics target\",
    CASE WHEN a.attoptions IS NOT NULL THEN {column options of a.attoptions} END AS options,
    CASE WHEN a.attoptions IS NOT NULL THEN {unknown column options of a.attoptions} END
        AS \"unknown options\",
    CASE WHEN a.attfdwoptions IS NOT NULL THEN {options of a.attfdwoptions} END AS \"foreign options\",
    CASE WHEN c.relispartition OR a.attinhcount = 0 THEN NULL
        WHEN a.attislocal THEN 'yes, and local' ELSE 'yes' END AS inherited
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN (SELECT *, attcompression AS compression FROM pg_attribute) a ON a.attrelid = c.oid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef
LEFT JOIN LATERAL (
    SELECT * FROM pg_constraint WHERE contype = 'n' AND {of column conrelid} OFFSET 0
) nn ON nn.conrelid = a.attrelid AND nn.conkey[1] = a.attnum
LEFT JOIN LATERAL (
    SELECT p.refobjid, p.refobjsubid,
        s.seqrelid::regclass::text || {sequence} AS sequence
    FROM pg_depend p JOIN pg_sequence s ON s.seqrelid = p.objid
    WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
        AND p.deptype = 'i' AND {of identity p.refobjid}
    OFFSET 0
) q ON q.refobjid = a.attrelid AND q.refobjsubid = a.attnum AND a.attidentity <> ''
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
    AND {in relations c.oid} AND {ours} AND ('pg_class'::regclass, c.oid) NOT IN ({members})
    AND (c.relkind <> 'c' OR ('pg_type'::regclass, c.reltype) NOT IN ({members}))
) row;";

/// Sequences, without those of identity columns.
pub(super) const SEQUENCES: &str = "
SELECT 'sequence' AS kind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
    n.nspname AS schema,
    CASE WHEN o.relkind = 'f' THEN 'foreign table' WHEN o.relkind IS NOT NULL THEN 'table' END
        AS \"parent kind\",
    p.refobjid::regclass AS parent,
    'pg_class' AS class, c.oid,
    pg_get_userbyid(c.relowner) AS owner,
    CASE c.relpersistence WHEN 'u' THEN 'yes' END AS unlogged,
    format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS increment,
    s.seqmin AS minimum, s.seqmax AS maximum, s.seqcache AS cache,
    CASE WHEN s.seqcycle THEN 'yes' END AS cycle,
    p.refobjid::regclass::text || '.' || quote_ident(a.attname) AS \"owned by\"
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend p ON p.classid = 'pg_class'::regclass AND p.objid = c.oid AND p.objsubid = 0
    AND p.refclassid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
LEFT JOIN pg_class o ON o.oid = p.refobjid
LEFT JOIN pg_attribute a ON a.attrelid = p.refobjid AND a.attnum = p.refobjsubid
WHERE c.relkind = 'S' AND p.deptype IS DISTINCT FROM 'i' AND {in relations c.oid} AND {ours}
    AND ('pg_class'::regclass, c.oid) NOT IN ({members});";

/// Constraints of tables, with the properties of their indexes. The foreign keys that Postgres
/// creates for partitions are left out, as in `pg_dump`. So are the constraints of constraint
/// triggers.
pub(super) const CONSTRAINTS: &str = "
SELECT 'constraint' AS kind,
    quote_ident(k.conname) || ' on ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
    'pg_constraint' AS class, k.oid, k.conrelid AS unit,
    {without options pg_get_constraintdef(k.oid)} AS definition,
    CASE WHEN c.relispartition OR k.coninhcount = 0 THEN NULL
        WHEN k.conislocal THEN 'yes, and local' ELSE 'yes' END AS inherited,
    CASE WHEN NOT x.indisvalid THEN 'no' END AS \"index valid\",
    CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
    CASE WHEN x.indisreplident THEN 'yes' END AS \"replica identity\",
    CASE WHEN xc.reloptions IS NOT NULL THEN {index options of xc.reloptions} END
        AS \"index options\",
    CASE WHEN xc.reloptions IS NOT NULL THEN {unknown index options of xc.reloptions} END
        AS \"unknown options\",
    s.spcname AS \"index tablespace\",
    CASE WHEN xc.relispartition THEN
        (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = xc.oid)
        END AS \"partition of index\",
    g.enabled AS \"enforcing triggers\"
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index x ON x.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class xc ON xc.oid = x.indexrelid
LEFT JOIN pg_am im ON im.oid = xc.relam
LEFT JOIN pg_tablespace s ON s.oid = xc.reltablespace
LEFT JOIN LATERAL (
    SELECT tgconstraint, string_agg(DISTINCT {enabled tgenabled}, ', ') AS enabled
    FROM pg_trigger WHERE tgisinternal AND tgenabled <> 'O' AND tgconstraint <> 0
        AND {of constraint tgconstraint}
    GROUP BY tgconstraint
) g ON g.tgconstraint = k.oid
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND (k.contype <> 'f' OR k.conparentid = 0)
    AND {in relations k.conrelid} AND {in relations c.oid}
    AND {ours} AND ('pg_class'::regclass, c.oid) NOT IN ({members});";

/// Indexes, without those of constraints.
pub(super) const INDEXES: &str = "
SELECT 'index' AS kind, quote_ident(n.nspname) || '.' || quote_ident(xc.relname) AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
    'pg_class' AS class, xc.oid, x.indrelid AS unit,
    {without options pg_get_indexdef(xc.oid)} AS definition,
    CASE WHEN xc.reloptions IS NOT NULL THEN {index options of xc.reloptions} END AS options,
    CASE WHEN xc.reloptions IS NOT NULL THEN {unknown index options of xc.reloptions} END
        AS \"unknown options\",
    CASE WHEN NOT x.indisvalid THEN 'no' END AS valid,
    CASE WHEN NOT x.indisready THEN 'no' END AS ready,
    CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
    CASE WHEN x.indisreplident THEN 'yes' END AS \"replica identity\",
    s.spcname AS tablespace, a.targets AS \"statistics targets\",
    CASE WHEN xc.relispartition THEN
        (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = xc.oid)
        END AS \"partition of index\"
FROM pg_index x
JOIN pg_class xc ON xc.oid = x.indexrelid
JOIN pg_am im ON im.oid = xc.relam
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace s ON s.oid = xc.reltablespace
LEFT JOIN LATERAL (
    SELECT attrelid, string_agg(attname || ' ' || attstattarget, ', ' ORDER BY attnum) AS targets
    FROM pg_attribute WHERE attnum > 0 AND attstattarget >= 0 AND {of index attrelid}
    GROUP BY attrelid
) a ON a.attrelid = x.indexrelid
LEFT JOIN pg_constraint k
    ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
WHERE k.oid IS NULL AND c.relkind IN ('r', 'p', 'm') AND {in relations x.indrelid} AND {in relations c.oid}
    AND {ours}
    AND ('pg_class'::regclass, c.oid) NOT IN ({members})
    AND ('pg_class'::regclass, xc.oid) NOT IN ({members});";

/// Triggers, without those of foreign keys. A trigger that a partition has from its parent is
/// listed only if it is enabled differently.
pub(super) const TRIGGERS: &str = "
SELECT 'trigger' AS kind,
    quote_ident(t.tgname) || ' on ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
    'pg_trigger' AS class, t.oid, t.tgrelid AS unit,
    pg_get_triggerdef(t.oid) AS definition,
    CASE WHEN t.tgenabled <> 'O' THEN {enabled t.tgenabled} END AS enabled
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_trigger u ON u.oid = t.tgparentid
WHERE CASE WHEN t.tgparentid = 0 THEN NOT t.tgisinternal
        ELSE t.tgenabled <> u.tgenabled AND NOT u.tgisinternal END
    AND {in relations t.tgrelid} AND {in relations c.oid}
    AND {ours} AND ('pg_class'::regclass, c.oid) NOT IN ({members})
    AND ('pg_trigger'::regclass, t.oid) NOT IN ({members});";

/// Rules, without those of views.
pub(super) const RULES: &str = "
SELECT 'rule' AS kind,
    quote_ident(r.rulename) || ' on ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
    'pg_rewrite' AS class, r.oid, r.ev_class AS unit,
    pg_get_ruledef(r.oid) AS definition,
    CASE WHEN r.ev_enabled <> 'O' THEN {enabled r.ev_enabled} END AS enabled
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {in relations r.ev_class} AND {in relations c.oid}
    AND {ours}
    AND ('pg_class'::regclass, c.oid) NOT IN ({members})
    AND ('pg_rewrite'::regclass, r.oid) NOT IN ({members});";

/// Row security policies.
pub(super) const POLICIES: &str = "
SELECT 'policy' AS kind,
    quote_ident(p.polname) || ' on ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS parent,
    'pg_policy' AS class, p.oid, p.polrelid AS unit,
    CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
        WHEN 'd' THEN 'delete' ELSE 'all' END AS command,
    CASE WHEN NOT p.polpermissive THEN 'yes' END AS restrictive,
    (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(r)) END, ', '
        ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r) AS roles,
    pg_get_expr(p.polqual, p.polrelid) AS \"using\",
    pg_get_expr(p.polwithcheck, p.polrelid) AS \"with check\"
FROM pg_policy p
JOIN pg_class c ON c.oid = p.polrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {in relations p.polrelid} AND {in relations c.oid}
    AND {ours};";

/// Extended statistics.
pub(super) const STATISTICS: &str = "
SELECT 'statistics' AS kind, quote_ident(n.nspname) || '.' || quote_ident(s.stxname) AS name,
    n.nspname AS schema, {relation kind} AS \"parent kind\",
    s.stxrelid::regclass AS parent,
    'pg_statistic_ext' AS class, s.oid, s.stxrelid AS unit,
    pg_get_userbyid(s.stxowner) AS owner,
    pg_get_statisticsobjdef(s.oid) AS definition,
    NULLIF(s.stxstattarget, -1) AS target
FROM pg_statistic_ext s
JOIN pg_namespace n ON n.oid = s.stxnamespace
JOIN pg_class c ON c.oid = s.stxrelid
WHERE {in relations s.stxrelid} AND {in relations c.oid}
    AND {ours} AND ('pg_statistic_ext'::regclass, s.oid) NOT IN ({members});";
