CREATE OR REPLACE FUNCTION tenant_count() RETURNS bigint
LANGUAGE sql
AS 'SELECT count(name) FROM tenants';
