ALTER TABLE tenants
    ADD COLUMN region text,
    ADD COLUMN zone text;
