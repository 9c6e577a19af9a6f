CREATE SCHEMA dns;

CREATE TABLE dns.domains (
    name text PRIMARY KEY
);

CREATE INDEX domains_lower_name_idx ON dns.domains (lower(name));

ALTER TABLE tenants
    ADD COLUMN domain text;

ALTER TABLE tenants
    ADD CONSTRAINT tenants_domain_check CHECK (domain <> '') NOT VALID;
