ALTER TABLE tenants
    ADD CONSTRAINT tenants_name_key UNIQUE USING INDEX tenants_name_key;
