BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT json_build_object(
    'schema', n.nspname,
    'table', c.relname,
    'kind', CASE c.relkind
      WHEN 'v' THEN 'view'
      WHEN 'm' THEN 'materialized view'
      WHEN 'f' THEN 'foreign table'
      WHEN 'p' THEN 'partitioned table'
      ELSE 'table' END,
    'comment', obj_description(c.oid, 'pg_class'),
    'rows', CASE WHEN c.reltuples >= 0 THEN c.reltuples::int8 END,
    'columns', (
      SELECT coalesce(json_agg(json_build_object(
          'column', a.attname,
          'type', format_type(a.atttypid, a.atttypmod),
          'not_null', a.attnotnull,
          'default', pg_get_expr(d.adbin, d.adrelid),
          'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum), '[]')
      FROM pg_attribute a
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'keys', (
      SELECT coalesce(json_agg(json_build_object(
          'name', k.conname,
          'kind', CASE k.contype
            WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' ELSE 'foreign key' END,
          'columns', (
            SELECT json_agg(a.attname ORDER BY p.place)
            FROM unnest(k.conkey) WITH ORDINALITY p (number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number),
          'references', (
            SELECT json_build_object('schema', rn.nspname, 'table', r.relname)
            FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
            WHERE r.oid = k.confrelid AND k.contype = 'f')) ORDER BY k.contype, k.conname), '[]')
      FROM pg_constraint k
      WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f')))::text
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg\_toast%'
    AND n.nspname NOT LIKE 'pg\_temp%'
    AND NOT EXISTS (
      SELECT FROM pg_depend e
      WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
  ORDER BY n.nspname, c.relname;
COMMIT;
