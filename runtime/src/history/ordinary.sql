-- Whether the history is as migrator creates it, as far as a read of it can tell: trusted roles
-- own it and alone may write it, and a read calls no function. This is the usual case, which the
-- server can check without the long query of `guard.sql`. The check never passes if that query
-- finds a flaw of this kind. It may fail although there is none; then that query decides.
-- `written.sql` checks what matters only to a write. `guard.rs` replaces the names in braces.
--
-- Each name, type and operator has its schema, as in `guard.sql`. Both operands of an operator
-- have the same type, because the server searches long for an operator of two types.
--
-- The first statement checks the schema: the second one looks names up in it.
--
-- me: the current role. owner: the owner of the schema. tab: the tables of the services and the
-- three common tables.
--
-- The planner of a read evaluates the expressions of indexes and statistics that are constant.
-- A primary key has no expression. The planner would also evaluate constraints; the setting
-- `constraint_exclusion` prevents that.
--
-- The conditions are in CASE, where the planner does not estimate how many rows meet them.
SELECT 0 FROM (SELECT {me} AS me{owner} OFFSET 0) own, pg_catalog.pg_namespace n
WHERE n.nspname OPERATOR(pg_catalog.=) {schema}::pg_catalog.name
  AND CASE WHEN {trusted_schema} AND {harmless_schema} THEN false
    ELSE {find} OPERATOR(pg_catalog.<) 0 END;
SELECT 0 FROM (SELECT {me} AS me{owner}, {tables} AS tab OFFSET 0) own
WHERE CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_class c
    WHERE c.oid OPERATOR(pg_catalog.=) ANY (own.tab) AND CASE WHEN
      c.relkind OPERATOR(pg_catalog.=) 'r'
      AND c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace({quoted_schema})::pg_catalog.oid
      AND NOT c.relhasrules AND NOT c.relhastriggers
      AND NOT c.relrowsecurity AND NOT c.relforcerowsecurity
      AND (NOT c.relhassubclass OR c.relname OPERATOR(pg_catalog.=) 'history')
      AND {trusted_table} AND {harmless_table} THEN false ELSE true END)
  OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
    WHERE a.attrelid OPERATOR(pg_catalog.=) ANY (own.tab) AND CASE WHEN
      a.attacl IS NULL AND a.attgenerated OPERATOR(pg_catalog.=) ''
      AND a.atttypid OPERATOR(pg_catalog.<) 10000::pg_catalog.oid THEN false ELSE true END)
  OR EXISTS (SELECT FROM pg_catalog.pg_index x
    WHERE x.indrelid OPERATOR(pg_catalog.=) ANY (own.tab) AND NOT x.indisprimary)
  OR EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s
    WHERE s.stxrelid OPERATOR(pg_catalog.=) ANY (own.tab))
  OR EXISTS (SELECT FROM pg_catalog.pg_inherits i
    WHERE i.inhrelid OPERATOR(pg_catalog.=) ANY (own.tab) AND CASE WHEN
      i.inhparent OPERATOR(pg_catalog.=) {history} THEN false ELSE true END)
  THEN {find} OPERATOR(pg_catalog.<) 0 ELSE false END
