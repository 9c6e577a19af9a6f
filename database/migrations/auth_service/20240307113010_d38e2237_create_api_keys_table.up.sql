-- Access for programs, limited to one tenant and to named permissions.
CREATE TABLE auth.api_keys (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash core.sha256 NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_tenant_id_name_key UNIQUE (tenant_id, name),
    CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by)
        REFERENCES auth.accounts (id) ON DELETE SET NULL,
    CONSTRAINT api_keys_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_prefix_check CHECK (prefix ~ '^[a-z0-9]{8}$'),
    CONSTRAINT api_keys_expires_at_check CHECK (expires_at > created_at)
);

COMMENT ON TABLE auth.api_keys IS 'Keys with which programs act for a tenant';
COMMENT ON COLUMN auth.api_keys.prefix IS 'First eight characters of the key, to recognise it by';
COMMENT ON COLUMN auth.api_keys.key_hash IS 'SHA-256 of the whole key, which is shown once';
COMMENT ON COLUMN auth.api_keys.last_used_at IS 'Kept to the hour';

CREATE INDEX api_keys_created_by_idx ON auth.api_keys (created_by);

CREATE TABLE auth.api_key_permissions (
    api_key_id uuid NOT NULL,
    permission_code text NOT NULL,
    CONSTRAINT api_key_permissions_pkey PRIMARY KEY (api_key_id, permission_code),
    CONSTRAINT api_key_permissions_api_key_id_fkey FOREIGN KEY (api_key_id)
        REFERENCES auth.api_keys (id) ON DELETE CASCADE,
    CONSTRAINT api_key_permissions_permission_code_fkey FOREIGN KEY (permission_code)
        REFERENCES auth.permissions (code)
);

COMMENT ON TABLE auth.api_key_permissions IS 'What a key allows; a key without a row allows nothing';

CREATE INDEX api_key_permissions_permission_code_idx ON auth.api_key_permissions (permission_code);
