CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);

CREATE VIEW tenant_names AS
SELECT name
FROM tenants;

CREATE VIEW tenant_ids AS
SELECT id
FROM tenants;
