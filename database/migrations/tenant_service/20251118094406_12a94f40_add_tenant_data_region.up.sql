-- migrator: allow M0216 because every tenant has the default yet, so that the index is empty after one pass
-- migrator: allow M0217 because there is one row a tenant, so that one pass is short
-- Some tenants must keep their data in one part of the world. The default is
-- constant, so the table is not rewritten.
ALTER TABLE tenant.tenants
    ADD COLUMN data_region text NOT NULL DEFAULT 'eu',
    ADD CONSTRAINT tenants_data_region_check CHECK (data_region IN ('ap', 'eu', 'us'));

COMMENT ON COLUMN tenant.tenants.data_region IS 'Where the tenant''s data is stored: ap, eu or us';

CREATE INDEX tenants_data_region_idx ON tenant.tenants (data_region)
    WHERE data_region <> 'eu';

COMMENT ON INDEX tenant.tenants_data_region_idx IS 'Most tenants have the default; the others are few and asked for often';
