-- migrator: requires auth/20240119104233
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
