CREATE SCHEMA tenant;
CREATE TABLE tenant.tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
