CREATE OR REPLACE FUNCTION tenant_count() RETURNS bigint
LANGUAGE sql
AS 'SELECT count(*) FROM tenants WHERE name <> ''test''';
