ALTER TABLE tenants
    ADD CONSTRAINT tenants_name_check CHECK (name <> '') NOT VALID;

ALTER TABLE tenants
    VALIDATE CONSTRAINT tenants_name_check;
