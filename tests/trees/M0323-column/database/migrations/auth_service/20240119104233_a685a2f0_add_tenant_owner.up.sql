ALTER TABLE tenants
    ADD COLUMN owner_id uuid;
