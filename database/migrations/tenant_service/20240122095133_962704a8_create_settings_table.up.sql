-- Settings of a tenant, with one row for each key. So two administrators who
-- save different keys do not overwrite each other's values.
CREATE TABLE tenant.settings (
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT settings_pkey PRIMARY KEY (tenant_id, key),
    CONSTRAINT settings_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT settings_key_check CHECK (key ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
    CONSTRAINT settings_value_check CHECK (pg_catalog.pg_column_size(value) <= 65536)
);

COMMENT ON TABLE tenant.settings IS 'Settings of a tenant; what is not set has the platform''s default';
COMMENT ON COLUMN tenant.settings.key IS 'Dotted path, such as branding.logo_url';
COMMENT ON COLUMN tenant.settings.value IS 'Any JSON, at most 64 kB';

CREATE TRIGGER settings_touch_updated_at
    BEFORE UPDATE ON tenant.settings
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
