ALTER TABLE tenants
    ADD CONSTRAINT tenants_name_check CHECK (name <> '') NOT VALID;
