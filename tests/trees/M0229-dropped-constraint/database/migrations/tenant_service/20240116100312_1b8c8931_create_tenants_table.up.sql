CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    CONSTRAINT tenants_name_check CHECK (name <> '')
);
