-- migrator: requires tenant/20240117090518
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
