CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);

CREATE FUNCTION tenant_count() RETURNS bigint
LANGUAGE sql
AS 'SELECT count(*) FROM tenants';
