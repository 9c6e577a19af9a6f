CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE old_names (name varchar(10));

CREATE INDEX tenants_name_idx ON tenants (name);

ALTER TABLE tenants
    ADD COLUMN slug text NOT NULL,
    ADD COLUMN number bigserial,
    ADD CONSTRAINT tenants_slug_key UNIQUE (slug),
    ADD CONSTRAINT tenants_name_check CHECK (name <> ''),
    ALTER COLUMN name TYPE varchar(200);

ALTER TABLE tenants RENAME COLUMN slug TO code;

ALTER TABLE tenants DROP COLUMN number;

DROP TABLE old_names;
