-- Whether a write of the history evaluates only the expressions that migrator wrote, after
-- `ordinary.sql` has passed. As there, the check may fail although there is no flaw.
-- `guard.rs` replaces the names in braces.
--
-- tab: as in `ordinary.sql`. The columns are those that a query for `ts_rewrite` must have; it never
-- returns a row.
--
-- The numbers are the fixed OIDs of the catalog. 1259: pg_class; 1247: pg_type (a table's row
-- type); 2604: pg_attrdef; 2606: pg_constraint; 2618: pg_rewrite (a view that reads a table).
-- A default is a constant, or calls clock_timestamp (2649), inet_client_addr (2196) or
-- pg_backend_pid (2026), or is current_user, converted to text (406). A check compares the
-- column `dirty`, which is the sixth, with 'up' and 'down': its five nodes are listed.
-- Before 14 the text of the node ARRAYEXPR starts with ARRAY.
SELECT NULL::pg_catalog.tsquery, NULL::pg_catalog.tsquery FROM (SELECT {tables} AS tab OFFSET 0) own
WHERE CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.refclassid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid
      AND d.refobjid OPERATOR(pg_catalog.=) ANY (own.tab) AND CASE WHEN
      d.classid OPERATOR(pg_catalog.=) ANY (ARRAY[1247, 2604, 2606]::pg_catalog.oid[])
      OR d.classid OPERATOR(pg_catalog.=) 2618::pg_catalog.oid
        AND d.deptype OPERATOR(pg_catalog.=) 'n'
      OR d.classid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid
        AND (d.objid OPERATOR(pg_catalog.=) ANY (own.tab)
          OR EXISTS (SELECT FROM pg_catalog.pg_class s
            WHERE s.oid OPERATOR(pg_catalog.=) d.objid
              AND (s.relkind OPERATOR(pg_catalog.=) 't'
                OR s.relkind OPERATOR(pg_catalog.=) 'S' AND s.relacl IS NULL)))
      THEN false ELSE true END)
  OR EXISTS (SELECT FROM pg_catalog.pg_attrdef f
    WHERE f.adrelid OPERATOR(pg_catalog.=) ANY (own.tab) AND CASE WHEN
      pg_catalog.left(f.adbin::pg_catalog.text, 7) OPERATOR(pg_catalog.=) '{CONST '
      OR pg_catalog.left(f.adbin::pg_catalog.text, 23) OPERATOR(pg_catalog.=) ANY (ARRAY[
          '{FUNCEXPR :funcid 2649 ', '{FUNCEXPR :funcid 2196 ', '{FUNCEXPR :funcid 2026 '
        ]::pg_catalog.text[])
        AND pg_catalog.strpos(pg_catalog.substr(f.adbin::pg_catalog.text, 2), '{')
          OPERATOR(pg_catalog.=) 0
      OR f.adbin::pg_catalog.text OPERATOR(pg_catalog.~~)
          '{FUNCEXPR :funcid 406 %:args ({SQLVALUEFUNCTION :op 10 %'
        AND pg_catalog.cardinality(pg_catalog.string_to_array(f.adbin::pg_catalog.text, '{'))
          OPERATOR(pg_catalog.=) 3
      THEN false ELSE true END)
  OR EXISTS (SELECT FROM pg_catalog.pg_constraint k
    WHERE k.conrelid OPERATOR(pg_catalog.=) ANY (own.tab) AND CASE WHEN
      k.contype OPERATOR(pg_catalog.=) ANY (ARRAY['p', 'u', 'n']::pg_catalog."char"[])
      OR k.contype OPERATOR(pg_catalog.=) 'c'
        AND k.conbin::pg_catalog.text OPERATOR(pg_catalog.~~)
          '{SCALARARRAYOPEXPR :opno 98 %:useOr true %:args ({VAR :varno 1 :varattno 6 %} {ARRAY%:elements ({CONST %:constvalue 6 [ 24 0 0 0 117 112 ]} {CONST %:constvalue 8 [ 32 0 0 0 100 111 119 110 ]})%'
        AND pg_catalog.cardinality(pg_catalog.string_to_array(k.conbin::pg_catalog.text, '{'))
          OPERATOR(pg_catalog.=) 6
        AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
          WHERE a.attrelid OPERATOR(pg_catalog.=) k.conrelid
            AND a.attnum OPERATOR(pg_catalog.=) 6::pg_catalog.int2
            AND a.attname OPERATOR(pg_catalog.=) 'dirty')
      THEN false ELSE true END)
  THEN {find} OPERATOR(pg_catalog.<) 0 ELSE false END
