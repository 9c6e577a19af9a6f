//! Queries for functions, procedures, aggregates and operators.

/// Functions, procedures and aggregates, without the constructors of range types.
///
/// The body of a function in standard SQL is taken from `pg_get_functiondef`, because Postgres 13
/// has no `pg_get_function_sqlbody`. The other lines of this definition begin with other words.
pub(super) const ROUTINES: &str = "
SELECT row.* FROM (SELECT NULL::pg_node_tree AS prosqlbody) absent CROSS JOIN LATERAL (
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END
        AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '('
        || CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*'
            ELSE oidvectortypes(p.proargtypes) END || ')' AS name,
    n.nspname AS schema, 'pg_proc' AS class, p.oid,
    pg_get_userbyid(p.proowner) AS owner,
    CASE WHEN p.pronargs > 0 OR p.proallargtypes IS NOT NULL
        THEN pg_get_function_arguments(p.oid) END AS arguments,
    pg_get_function_result(p.oid) AS returns,
    l.lanname AS language,
    CASE WHEN p.prokind = 'a' THEN NULL WHEN p.hassqlbody
        THEN rtrim(substring(pg_get_functiondef(p.oid)
            FROM chr(10) || '((?:BEGIN ATOMIC|RETURN ).*)$'), chr(10))
        ELSE p.prosrc END AS body,
    p.probin AS library,
    CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END
        AS volatility,
    CASE WHEN p.proisstrict THEN 'yes' END AS strict,
    CASE WHEN p.proleakproof THEN 'yes' END AS leakproof,
    CASE WHEN p.prosecdef THEN 'definer' END AS security,
    CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
    p.procost AS cost, NULLIF(p.prorows, 0) AS rows,
    CASE WHEN p.prokind = 'w' THEN 'yes' END AS \"window\",
    (SELECT string_agg(s, ', ' ORDER BY s) FROM unnest(p.proconfig) s) AS settings,
    NULLIF(p.prosupport::regproc::text, '-') AS support,
    (SELECT string_agg(format_type(t, NULL), ', ') FROM unnest(p.protrftypes) t) AS transforms,
    CASE g.aggkind WHEN 'o' THEN 'ordered set' WHEN 'h' THEN 'hypothetical set' END AS \"set\",
    NULLIF(g.aggtransfn::regprocedure::text, '-') AS \"transition function\",
    NULLIF(g.aggfinalfn::regprocedure::text, '-') AS \"final function\",
    CASE WHEN g.aggfinalextra THEN 'yes' END AS \"final function with arguments\",
    NULLIF(g.aggfinalmodify, '') AS \"final function modifies\",
    NULLIF(g.aggcombinefn::regprocedure::text, '-') AS \"combine function\",
    NULLIF(g.aggserialfn::regprocedure::text, '-') AS \"serial function\",
    NULLIF(g.aggdeserialfn::regprocedure::text, '-') AS \"deserial function\",
    NULLIF(g.aggmtransfn::regprocedure::text, '-') AS \"moving transition function\",
    NULLIF(g.aggminvtransfn::regprocedure::text, '-') AS \"moving inverse function\",
    NULLIF(g.aggmfinalfn::regprocedure::text, '-') AS \"moving final function\",
    CASE WHEN g.aggmfinalextra THEN 'yes' END AS \"moving final function with arguments\",
    CASE WHEN g.aggmtransfn <> 0 THEN g.aggmfinalmodify END AS \"moving final function modifies\",
    NULLIF(g.aggsortop::regoperator::text, '0') AS \"sort operator\",
    format_type(NULLIF(g.aggtranstype, 0), NULL) AS \"state type\",
    NULLIF(g.aggtransspace, 0) AS \"state size\",
    format_type(NULLIF(g.aggmtranstype, 0), NULL) AS \"moving state type\",
    NULLIF(g.aggmtransspace, 0) AS \"moving state size\",
    g.agginitval AS \"initial value\", g.aggminitval AS \"moving initial value\"
FROM (SELECT *, prosqlbody IS NOT NULL AS hassqlbody FROM pg_proc) p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid
WHERE {in routines p.oid} AND {ours} AND ('pg_proc'::regclass, p.oid) NOT IN ({members})
    AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass
        AND refclassid = 'pg_type'::regclass AND deptype = 'i' AND {in routines objid})
) row;";

/// Operators, also those that only another operator names so far.
pub(super) const OPERATORS: &str = "
SELECT 'operator' AS kind,
    quote_ident(n.nspname) || '.' || o.oprname || '('
        || coalesce(format_type(NULLIF(o.oprleft, 0), NULL), 'NONE') || ', '
        || coalesce(format_type(NULLIF(o.oprright, 0), NULL), 'NONE') || ')' AS name,
    n.nspname AS schema, 'pg_operator' AS class, o.oid,
    pg_get_userbyid(o.oprowner) AS owner,
    NULLIF(o.oprcode::regprocedure::text, '-') AS function,
    NULLIF(o.oprcom::regoperator::text, '0') AS commutator,
    NULLIF(o.oprnegate::regoperator::text, '0') AS negator,
    NULLIF(o.oprrest::regproc::text, '-') AS restrict,
    NULLIF(o.oprjoin::regproc::text, '-') AS \"join\",
    CASE WHEN o.oprcanmerge THEN 'yes' END AS merges,
    CASE WHEN o.oprcanhash THEN 'yes' END AS hashes
FROM pg_operator o
JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE {ours} AND ('pg_operator'::regclass, o.oid) NOT IN ({members});";

/// Operator classes. Their members are listed in their families.
pub(super) const OPERATOR_CLASSES: &str = "
SELECT 'operator class' AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' using ' || quote_ident(m.amname)
        AS name,
    n.nspname AS schema, 'pg_opclass' AS class, o.oid,
    pg_get_userbyid(o.opcowner) AS owner,
    quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) AS family,
    format_type(o.opcintype, NULL) AS \"for\",
    CASE WHEN o.opcdefault THEN 'yes' END AS \"default\",
    format_type(NULLIF(o.opckeytype, 0), NULL) AS storage
FROM pg_opclass o
JOIN pg_namespace n ON n.oid = o.opcnamespace
JOIN pg_am m ON m.oid = o.opcmethod
JOIN pg_opfamily f ON f.oid = o.opcfamily
JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE {ours} AND ('pg_opclass'::regclass, o.oid) NOT IN ({members});";

/// Operator families with their members.
pub(super) const OPERATOR_FAMILIES: &str = "
SELECT 'operator family' AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(f.opfname) || ' using ' || quote_ident(m.amname)
        AS name,
    n.nspname AS schema, 'pg_opfamily' AS class, f.oid,
    pg_get_userbyid(f.opfowner) AS owner,
    (SELECT string_agg(a.amopstrategy || ' ' || a.amopopr::regoperator::text
            || CASE WHEN a.amopsortfamily <> 0 THEN ' for order by '
                || (SELECT quote_ident(opfname) FROM pg_opfamily WHERE oid = a.amopsortfamily)
                ELSE '' END, ', '
        ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
        FROM pg_amop a WHERE a.amopfamily = f.oid) AS operators,
    (SELECT string_agg(a.amprocnum || ' (' || format_type(a.amproclefttype, NULL) || ', '
            || format_type(a.amprocrighttype, NULL) || ') ' || a.amproc::regprocedure::text, ', '
        ORDER BY a.amprocnum, a.amproclefttype::regtype::text, a.amprocrighttype::regtype::text)
        FROM pg_amproc a WHERE a.amprocfamily = f.oid) AS functions
FROM pg_opfamily f
JOIN pg_namespace n ON n.oid = f.opfnamespace
JOIN pg_am m ON m.oid = f.opfmethod
WHERE {ours} AND ('pg_opfamily'::regclass, f.oid) NOT IN ({members});";
