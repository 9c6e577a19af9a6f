-- Whether the history is exactly as migrator creates it, owned by the current role: the usual
-- case, which the server can check without the long query of `guard.sql`. It is never true if
-- that query finds a flaw. It may be false although there is none; then that query decides.
-- `guard.rs` replaces the names in braces.
--
-- Each name, type and operator has its schema, as in `guard.sql`.
--
-- me: the current role. owner: the owner of the schema. child: the tables of the services.
-- tab: these and the three common tables.
--
-- The numbers are the fixed OIDs of the catalog. 1259: pg_class; 1247: pg_type (a table's row
-- type); 2604: pg_attrdef; 2606: pg_constraint; 2618: pg_rewrite (a view that reads a table).
-- A default is a constant, or calls clock_timestamp (2649), inet_client_addr (2196) or
-- pg_backend_pid (2026), or is current_user, converted to text (406). A check compares the
-- column `dirty`, which is the sixth, with 'up' and 'down': its five nodes are listed.
-- Before 14 the text of the node ARRAYEXPR starts with ARRAY.
--
-- The conditions are in the aggregates, where the planner does not estimate how many rows meet
-- them.
SELECT 0 FROM (
  SELECT o.*, o.common OPERATOR(pg_catalog.||) o.child AS tab FROM (
    SELECT n.oid AS ns, n.nspowner AS owner, n.nspacl AS acl,
      pg_catalog.quote_ident(current_user::pg_catalog.text)::pg_catalog.regrole::pg_catalog.oid
        AS me,
      ARRAY(SELECT c.oid FROM pg_catalog.pg_class c
        WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid AND c.relname OPERATOR(pg_catalog.=)
          ANY (ARRAY['format', 'history', 'event']::pg_catalog.name[])) AS common,
      ARRAY(SELECT i.inhrelid FROM pg_catalog.pg_inherits i
        WHERE i.inhparent OPERATOR(pg_catalog.=) (SELECT c.oid FROM pg_catalog.pg_class c
          WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid
            AND c.relname OPERATOR(pg_catalog.=) 'history')) AS child
    FROM pg_catalog.pg_namespace n
    WHERE n.nspname OPERATOR(pg_catalog.=) {schema}::pg_catalog.name OFFSET 0) o
  OFFSET 0) own
WHERE CASE WHEN {trusted_owner} AND {harmless_schema}
  AND COALESCE((SELECT pg_catalog.bool_and(
      c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relnamespace OPERATOR(pg_catalog.=) own.ns
      AND NOT c.relhasrules AND NOT c.relhastriggers
      AND NOT c.relrowsecurity AND NOT c.relforcerowsecurity
      AND (NOT c.relhassubclass OR c.relname OPERATOR(pg_catalog.=) 'history')
      AND {trusted_table} AND {harmless_table})
    FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY (own.tab)), true)
  AND COALESCE((SELECT pg_catalog.bool_and(
      a.attnum OPERATOR(pg_catalog.<=) 0 OR a.attisdropped
      OR a.attacl IS NULL AND a.attgenerated OPERATOR(pg_catalog.=) ''
        AND a.atttypid OPERATOR(pg_catalog.<) 10000::pg_catalog.oid)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) ANY (own.tab)), true)
  AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits i
    WHERE i.inhrelid OPERATOR(pg_catalog.=) ANY (own.tab))
      OPERATOR(pg_catalog.=) pg_catalog.cardinality(own.child)
  AND COALESCE((SELECT pg_catalog.bool_and(
      d.classid OPERATOR(pg_catalog.=) ANY (ARRAY[1247, 2604, 2606]::pg_catalog.oid[])
      OR d.classid OPERATOR(pg_catalog.=) 2618::pg_catalog.oid
        AND d.deptype OPERATOR(pg_catalog.=) 'n'
      OR d.classid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid
        AND (d.objid OPERATOR(pg_catalog.=) ANY (own.child)
          OR EXISTS (SELECT FROM pg_catalog.pg_class s
            WHERE s.oid OPERATOR(pg_catalog.=) d.objid
              AND (s.relkind OPERATOR(pg_catalog.=) 't'
                OR s.relkind OPERATOR(pg_catalog.=) 'S' AND s.relacl IS NULL))))
    FROM pg_catalog.pg_depend d WHERE d.refclassid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid
      AND d.refobjid OPERATOR(pg_catalog.=) ANY (own.tab)), true)
  AND COALESCE((SELECT pg_catalog.bool_and(
      pg_catalog.left(f.adbin::pg_catalog.text, 7) OPERATOR(pg_catalog.=) '{CONST '
      OR pg_catalog.left(f.adbin::pg_catalog.text, 23) OPERATOR(pg_catalog.=) ANY (ARRAY[
          '{FUNCEXPR :funcid 2649 ', '{FUNCEXPR :funcid 2196 ', '{FUNCEXPR :funcid 2026 '
        ]::pg_catalog.text[])
        AND pg_catalog.strpos(pg_catalog.substr(f.adbin::pg_catalog.text, 2), '{')
          OPERATOR(pg_catalog.=) 0
      OR f.adbin::pg_catalog.text OPERATOR(pg_catalog.~~)
          '{FUNCEXPR :funcid 406 %:args ({SQLVALUEFUNCTION :op 10 %'
        AND pg_catalog.cardinality(pg_catalog.string_to_array(f.adbin::pg_catalog.text, '{'))
          OPERATOR(pg_catalog.=) 3)
    FROM pg_catalog.pg_attrdef f WHERE f.adrelid OPERATOR(pg_catalog.=) ANY (own.tab)), true)
  AND COALESCE((SELECT pg_catalog.bool_and(
      k.contype OPERATOR(pg_catalog.=) ANY (ARRAY['p', 'u', 'n']::pg_catalog."char"[])
      OR k.contype OPERATOR(pg_catalog.=) 'c'
        AND k.conbin::pg_catalog.text OPERATOR(pg_catalog.~~)
          '{SCALARARRAYOPEXPR :opno 98 %:useOr true %:args ({VAR :varno 1 :varattno 6 %} {ARRAY%:elements ({CONST %:constvalue 6 [ 24 0 0 0 117 112 ]} {CONST %:constvalue 8 [ 32 0 0 0 100 111 119 110 ]})%'
        AND pg_catalog.cardinality(pg_catalog.string_to_array(k.conbin::pg_catalog.text, '{'))
          OPERATOR(pg_catalog.=) 6
        AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
          WHERE a.attrelid OPERATOR(pg_catalog.=) k.conrelid
            AND a.attnum OPERATOR(pg_catalog.=) 6::pg_catalog.int2
            AND a.attname OPERATOR(pg_catalog.=) 'dirty'))
    FROM pg_catalog.pg_constraint k WHERE k.conrelid OPERATOR(pg_catalog.=) ANY (own.tab)), true)
  THEN false ELSE {find} OPERATOR(pg_catalog.<) 0 END
