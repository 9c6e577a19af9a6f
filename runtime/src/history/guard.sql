-- Fails if an untrusted role can write the history, or if to read or write a row the server
-- would evaluate an expression that migrator did not write. Otherwise it returns no row.
-- `ordinary.sql` runs this query if the history is not as usual.
-- `guard.rs` replaces the names in braces.
--
-- Each name, type and operator has its schema: the search path may put other schemas before
-- `pg_catalog`. Only superusers change the catalog's own objects, so they are not checked.
--
-- me:   the current role. mine: this role, and the roles that it is a member of. Before
--       Postgres 15, a login role could grant itself to any role: such a grant does not count.
--       A grant without rights (from Postgres 16) does not count either. For a superuser, only
--       a grant that a superuser made counts.
-- safe: the roles, besides superusers, that may own the history. Superusers are the members of
--       role 10, the first role. 6171 is `pg_database_owner`.
-- tab:  the tables. dep: the objects that depend on a table or a column: triggers, constraints,
--       defaults, indexes. An expression is untrusted if it uses an object that is newer than
--       the server, whatever its text.
-- trg:  the triggers. A trigger is trusted if the owner of its function is. Arguments and a
--       condition do not come from that owner: a role that once had TRIGGER may have added
--       them. A condition may use the server's own operators, but calls no function.
WITH RECURSIVE me(oid) AS (
  SELECT pg_catalog.quote_ident(current_user::pg_catalog.text)::pg_catalog.regrole::pg_catalog.oid
), ns AS (
  SELECT n.oid, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n
  WHERE n.nspname OPERATOR(pg_catalog.=) {schema}::pg_catalog.name
), mine(oid) AS (
  (SELECT me.oid FROM me{schema_owner})
  UNION
  SELECT m.roleid FROM mine CROSS JOIN me
  JOIN pg_catalog.pg_auth_members m ON m.member OPERATOR(pg_catalog.=) mine.oid
  WHERE m.grantor OPERATOR(pg_catalog.<>) m.roleid
    AND (NOT {me_super} OR {grantor_super})
    AND 'true' OPERATOR(pg_catalog.=) ANY (ARRAY[
      COALESCE(pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'inherit_option', 'true'),
      COALESCE(pg_catalog.to_jsonb(m) OPERATOR(pg_catalog.->>) 'set_option', 'true')])
), safe(oid) AS (
  SELECT mine.oid FROM mine
  UNION ALL SELECT 6171::pg_catalog.oid FROM pg_catalog.pg_database d
  WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
    AND ({dba_super} OR d.datdba OPERATOR(pg_catalog.=) ANY (SELECT mine.oid FROM mine))
), own AS (
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relnamespace,
    c.relrowsecurity OR c.relforcerowsecurity AS secured,
    c.relname OPERATOR(pg_catalog.=) 'history' AS is_parent, NULL::pg_catalog.oid AS parent
  FROM ns JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) ns.oid
    AND c.relname OPERATOR(pg_catalog.=)
      ANY (ARRAY['format', 'history', 'event']::pg_catalog.name[])
), tab AS (
  SELECT * FROM own
  UNION ALL
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relnamespace,
    c.relrowsecurity OR c.relforcerowsecurity, false, own.oid
  FROM own JOIN pg_catalog.pg_inherits i ON i.inhparent OPERATOR(pg_catalog.=) own.oid
  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid
  WHERE own.is_parent
), col AS (
  SELECT tab.relname, tab.relowner, c.attname, c.attacl, c.attgenerated, c.atttypid
  FROM tab JOIN pg_catalog.pg_attribute c ON c.attrelid OPERATOR(pg_catalog.=) tab.oid
  WHERE NOT c.attisdropped AND c.attnum OPERATOR(pg_catalog.>) 0
    AND (c.attacl IS NOT NULL OR c.attgenerated OPERATOR(pg_catalog.<>) ''
      OR c.atttypid OPERATOR(pg_catalog.>=) 10000::pg_catalog.oid)
), dep AS (
  SELECT tab.oid, tab.relname, tab.relowner, tab.is_parent, d.classid, d.objid, d.deptype,
    k.conname, k.contype, k.confrelid, c.relkind, c.relacl,
    c.relname AS dependent, a.attname,
    pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(COALESCE(
        pg_catalog.pg_get_expr(k.conbin, k.conrelid), pg_catalog.pg_get_expr(f.adbin, f.adrelid)),
      '"', ''), 'pg_catalog.', ''), 'OPERATOR(=)', '=') AS expression,
    EXISTS (SELECT FROM pg_catalog.pg_depend s
      WHERE s.classid OPERATOR(pg_catalog.=) d.classid AND s.objid OPERATOR(pg_catalog.=) d.objid
        AND s.refclassid OPERATOR(pg_catalog.=) ANY ({code})) AS is_untrusted
  FROM tab JOIN pg_catalog.pg_depend d ON d.refobjid OPERATOR(pg_catalog.=) tab.oid
    AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_constraint k ON k.oid OPERATOR(pg_catalog.=) d.objid
    AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) d.objid
    AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_attrdef f ON f.oid OPERATOR(pg_catalog.=) d.objid
    AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) f.adrelid
    AND a.attnum OPERATOR(pg_catalog.=) f.adnum
  WHERE d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_type'::pg_catalog.regclass
), trg AS (
  SELECT dep.relname, dep.classid, dep.objid, p.proowner, t.tgnargs, t.tgqual,
    pg_catalog.strpos(t.tgqual::pg_catalog.text, '{FUNCEXPR') OPERATOR(pg_catalog.>) 0
      OR EXISTS (SELECT FROM pg_catalog.pg_depend s
        WHERE s.classid OPERATOR(pg_catalog.=) dep.classid
          AND s.objid OPERATOR(pg_catalog.=) dep.objid
          AND s.refclassid OPERATOR(pg_catalog.=) ANY ({code})
          AND NOT (s.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND s.refobjid OPERATOR(pg_catalog.=) t.tgfoid)) AS calls
  FROM dep JOIN pg_catalog.pg_trigger t ON t.oid OPERATOR(pg_catalog.=) dep.objid
    AND dep.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass
  JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid
), acl(relname, owner, acl) AS (
  SELECT ''::pg_catalog.name, ns.nspowner, ns.nspacl FROM ns
  UNION ALL SELECT tab.relname, tab.relowner, tab.relacl FROM tab
  UNION ALL SELECT col.relname, col.relowner, col.attacl FROM col
  UNION ALL SELECT dep.dependent, dep.relowner, dep.relacl FROM dep
    WHERE dep.relkind OPERATOR(pg_catalog.=) 'S'
), flaw(rank, kind, relname, name, more) AS (
  SELECT 1, 'owner', ''::pg_catalog.text,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(ns.nspowner)::pg_catalog.text),
    current_user::pg_catalog.text
  FROM ns WHERE {ns_untrusted}
  UNION ALL
  SELECT 2, w.kind, tab.relname::pg_catalog.text, w.name, current_user::pg_catalog.text
  FROM tab CROSS JOIN ns
  CROSS JOIN LATERAL (VALUES
    (tab.relkind OPERATOR(pg_catalog.<>) 'r', 'kind', tab.relkind::pg_catalog.text),
    (tab.relnamespace OPERATOR(pg_catalog.<>) ns.oid, 'elsewhere',
      tab.oid::pg_catalog.regclass::pg_catalog.text),
    ({tab_untrusted}, 'owner',
      pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(tab.relowner)::pg_catalog.text)),
    (tab.secured, 'security', '')) w(is_flaw, kind, name)
  WHERE w.is_flaw
  UNION ALL
  SELECT 3, 'grant', acl.relname::pg_catalog.text,
    CASE WHEN g.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'PUBLIC'
      ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)::pg_catalog.text) END,
    pg_catalog.string_agg(DISTINCT g.privilege_type, ', ')
  FROM acl CROSS JOIN LATERAL pg_catalog.aclexplode(acl.acl) g
  WHERE g.privilege_type OPERATOR(pg_catalog.=) ANY ({writes})
    AND {grantee_untrusted} AND NOT pg_catalog.pg_has_role(g.grantee, acl.owner, 'MEMBER')
  GROUP BY acl.relname, g.grantee
  UNION ALL
  SELECT DISTINCT 4, w.kind, dep.relname::pg_catalog.text,
    COALESCE(dep.conname, dep.attname,
      (SELECT i.identity FROM pg_catalog.pg_identify_object(dep.classid, dep.objid, 0) i)),
    COALESCE(dep.expression, '')
  FROM dep CROSS JOIN LATERAL (VALUES
    (dep.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_policy'::pg_catalog.regclass, 'policy'),
    (dep.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND dep.deptype OPERATOR(pg_catalog.=) 'a', 'rule'),
    (dep.attname IS NOT NULL
      AND (dep.is_untrusted OR NOT dep.expression OPERATOR(pg_catalog.~) {default}), 'default'),
    (dep.contype OPERATOR(pg_catalog.=) 'c' AND (dep.is_untrusted OR dep.expression
      OPERATOR(pg_catalog.<>) '(dirty = ANY (ARRAY[''up''::text, ''down''::text]))'), 'check'),
    (dep.contype OPERATOR(pg_catalog.=) 'x', 'constraint'),
    (dep.contype OPERATOR(pg_catalog.=) 'f', CASE WHEN dep.confrelid OPERATOR(pg_catalog.=) dep.oid
      THEN 'referenced' ELSE 'reference' END),
    (dep.is_untrusted AND dep.relkind OPERATOR(pg_catalog.=) 'i', 'index'),
    (dep.is_untrusted AND dep.classid OPERATOR(pg_catalog.=)
      'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, 'statistics'),
    (NOT dep.is_parent AND dep.relkind OPERATOR(pg_catalog.=)
      ANY (ARRAY['r', 'f', 'p']::pg_catalog."char"[]), 'child')) w(is_flaw, kind)
  WHERE w.is_flaw
  UNION ALL
  SELECT DISTINCT 4, w.kind, trg.relname::pg_catalog.text,
    (SELECT i.identity FROM pg_catalog.pg_identify_object(trg.classid, trg.objid, 0) i),
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(trg.proowner)::pg_catalog.text)
  FROM trg CROSS JOIN LATERAL (VALUES
    ({function_untrusted}, 'trigger'),
    (trg.tgnargs OPERATOR(pg_catalog.>) 0, 'arguments'),
    (trg.tgqual IS NOT NULL AND trg.calls, 'condition')) w(is_flaw, kind)
  WHERE w.is_flaw
  UNION ALL
  SELECT 5, CASE WHEN col.attgenerated OPERATOR(pg_catalog.<>) '' THEN 'generated'
    ELSE 'type' END, col.relname::pg_catalog.text, col.attname::pg_catalog.text,
    pg_catalog.format_type(col.atttypid, NULL)
  FROM col WHERE col.attgenerated OPERATOR(pg_catalog.<>) ''
    OR col.atttypid OPERATOR(pg_catalog.>=) 10000::pg_catalog.oid
  UNION ALL
  SELECT 6, 'parent', tab.relname::pg_catalog.text,
    i.inhparent::pg_catalog.regclass::pg_catalog.text, ''
  FROM tab JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) tab.oid
  WHERE COALESCE(i.inhparent OPERATOR(pg_catalog.<>) tab.parent, true)
)
SELECT {columns} FROM (
  SELECT pg_catalog.row_number() OVER (ORDER BY f.rank, f.relname, f.kind, f.name) AS place,
    pg_catalog.concat_ws({field}, {schema}, f.kind, f.relname, f.name, f.more) AS line
  FROM flaw f ORDER BY 1 LIMIT {most}
) f HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0
