ALTER TABLE domains
    ADD CONSTRAINT domains_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants NOT VALID;

ALTER TABLE tenants
    ADD CONSTRAINT tenants_name_check CHECK (name <> '') NOT VALID;

ALTER TABLE tenants
    ADD COLUMN note text,
    ADD CONSTRAINT tenants_note_check CHECK (note IS NOT NULL) NOT VALID;
