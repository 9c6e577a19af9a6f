-- The tenants.
-- migrator: lock-timeout 10s
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
