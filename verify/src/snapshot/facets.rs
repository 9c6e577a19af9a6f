//! Queries for properties of many kinds of object: comments, security labels, privileges and
//! settings; and for catalog rows that are a part of an object.

/// Catalog rows whose comments and privileges count as those of another object.
pub(super) const ALIASES: &str = "
SELECT 'sequence' AS alias, 'pg_class' AS class, p.objid AS oid, 0 AS sub,
    'pg_class' AS \"of class\", p.refobjid AS \"of oid\", p.refobjsubid AS \"of sub\"
FROM pg_depend p JOIN pg_sequence s ON s.seqrelid = p.objid
WHERE p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
    AND p.deptype = 'i' AND {in relations p.refobjid}
UNION ALL
SELECT 'index', 'pg_class', k.conindid, 0, 'pg_constraint', k.oid, 0
FROM pg_constraint k JOIN pg_description d
    ON d.objoid = k.conindid AND d.classoid = 'pg_class'::regclass
WHERE k.contype IN ('p', 'u', 'x') AND {in relations k.conrelid}
UNION ALL
SELECT 'not null constraint', 'pg_constraint', k.oid, 0,
    CASE WHEN k.conrelid = 0 THEN 'pg_type' ELSE 'pg_class' END, CASE WHEN k.conrelid = 0 THEN k.contypid ELSE k.conrelid END,
    coalesce(k.conkey[1], 0)
FROM pg_constraint k JOIN pg_description d
    ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass
WHERE k.contype = 'n' AND ({in relations k.conrelid} OR {in types k.contypid});";

/// Comments, without those on Postgres's own objects.
pub(super) const COMMENTS: &str = "
SELECT 'comment' AS property, d.description AS value, d.classoid::regclass AS class,
    d.objoid AS oid, d.objsubid AS sub
FROM pg_description d
WHERE {of units d.objoid} AND (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass
    AND d.objoid = (SELECT oid FROM pg_namespace WHERE nspname = 'public')))
UNION ALL
SELECT 'comment', d.description, 'pg_database', d.objoid, 0
FROM pg_shdescription d WHERE d.classoid = 'pg_database'::regclass;";

/// Security labels.
pub(super) const LABELS: &str = "
SELECT 'security label of ' || l.provider AS property, l.label AS value,
    l.classoid::regclass AS class, l.objoid AS oid, l.objsubid AS sub
FROM pg_seclabel l
UNION ALL
SELECT 'security label of ' || l.provider, l.label, 'pg_database', l.objoid, 0
FROM pg_shseclabel l WHERE l.classoid = 'pg_database'::regclass;";

/// Settings of the database and of roles in it.
pub(super) const SETTINGS: &str = "
SELECT 'setting ' || split_part(c, '=', 1)
        || CASE WHEN s.setrole = 0 THEN '' ELSE ' of ' || quote_ident(pg_get_userbyid(s.setrole))
        END AS property,
    substr(c, strpos(c, '=') + 1) AS value, 'pg_database' AS class, d.oid
FROM pg_db_role_setting s
JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
CROSS JOIN unnest(s.setconfig) c;";

/// Privileges that differ in meaning from the initial ones: the default privileges of the owner and
/// the public, or those that an object of Postgres or an extension had at first. `initdb` does not
/// record the initial privileges of `information_schema`. `described` names objects that the
/// snapshot lacks otherwise.
pub(super) const PRIVILEGES: &str = "
SELECT 'privileges' AS property, a.class::regclass AS class, a.oid, a.sub,
    CASE WHEN a.foreign THEN
        (SELECT i.type || ' ' || i.identity FROM pg_identify_object(a.class, a.oid, a.sub) i)
        END AS described,
    concat_ws('; ',
        CASE WHEN o.held IS DISTINCT FROM o.given THEN 'owner: ' || coalesce(o.held, 'none') END,
        coalesce((SELECT string_agg(g.grantee || ': ' || g.granted, '; ' ORDER BY g.grantee) FROM (
            SELECT {grantee}, {granted} AS granted FROM aclexplode(a.acl) x
            WHERE x.grantee <> a.owner GROUP BY 1
        ) g), CASE WHEN o.held IS NOT DISTINCT FROM o.given THEN 'none but the owner''s' END)
    ) AS value
FROM (
    SELECT b.*, coalesce(i.initprivs, acldefault(b.type, b.owner)) AS usual,
        b.oid < 16384 AND NOT b.native OR m.objid IS NOT NULL AS foreign
    FROM (
        SELECT 'pg_class'::regclass::oid AS class, oid, 0 AS sub, relacl AS acl, relowner AS owner,
            (CASE relkind WHEN 'S' THEN 's' ELSE 'r' END)::\"char\" AS type, false AS native
        FROM pg_class
        WHERE {in relations oid} AND relacl IS NOT NULL AND relnamespace IS DISTINCT FROM to_regnamespace('information_schema')
        UNION ALL
        SELECT 'pg_class'::regclass, a.attrelid, a.attnum, a.attacl, c.relowner, 'c', false
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE {in relations a.attrelid} AND a.attacl IS NOT NULL AND NOT a.attisdropped
        UNION ALL
        SELECT 'pg_proc'::regclass, oid, 0, proacl, proowner, 'f', false
        FROM pg_proc WHERE {in routines oid} AND proacl IS NOT NULL
        UNION ALL
        SELECT 'pg_type'::regclass, oid, 0, typacl, typowner, 'T', false
        FROM pg_type WHERE {in types oid} AND typacl IS NOT NULL
        UNION ALL
        SELECT 'pg_namespace'::regclass, oid, 0, nspacl, nspowner, 'n', nspname = 'public'
        FROM pg_namespace WHERE {in schemas oid} AND nspacl IS NOT NULL
            AND nspname <> 'information_schema' AND nspname !~ '^pg_(toast|temp)'
        UNION ALL
        SELECT 'pg_language'::regclass, oid, 0, lanacl, lanowner, 'l', false
        FROM pg_language WHERE {whole} AND lanacl IS NOT NULL
        UNION ALL
        SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl, fdwowner, 'F', false
        FROM pg_foreign_data_wrapper WHERE {whole} AND fdwacl IS NOT NULL
        UNION ALL
        SELECT 'pg_foreign_server'::regclass, oid, 0, srvacl, srvowner, 'S', false
        FROM pg_foreign_server WHERE {whole} AND srvacl IS NOT NULL
        UNION ALL
        SELECT 'pg_database'::regclass, oid, 0, datacl, datdba, 'd', true
        FROM pg_database WHERE {whole} AND datacl IS NOT NULL AND datname = current_database()
    ) b
    LEFT JOIN pg_init_privs i ON i.classoid = b.class AND i.objoid = b.oid AND i.objsubid = b.sub
        AND NOT b.native
    LEFT JOIN pg_depend m ON m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
        AND m.classid = b.class AND m.objid = b.oid
    WHERE NOT (b.acl @> coalesce(i.initprivs, acldefault(b.type, b.owner))
        AND b.acl <@ coalesce(i.initprivs, acldefault(b.type, b.owner)))
) a
CROSS JOIN LATERAL (
    SELECT (SELECT {granted} FROM aclexplode(a.acl) x WHERE x.grantee = a.owner) AS held,
        (SELECT {granted} FROM aclexplode(a.usual) x WHERE x.grantee = a.owner) AS given
) o;";
