-- A session of a browser or program. The table has only the digest of its token,
-- so a reader of this table cannot use the session.
CREATE TABLE auth.sessions (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    account_id uuid NOT NULL,
    tenant_id uuid,
    token_hash core.sha256 NOT NULL,
    address inet,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    last_seen_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    expires_at timestamptz NOT NULL DEFAULT pg_catalog.now() + INTERVAL '30 days',
    revoked_at timestamptz,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_token_hash_key UNIQUE (token_hash),
    CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id)
        REFERENCES auth.accounts (id) ON DELETE CASCADE,
    CONSTRAINT sessions_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT sessions_user_agent_check CHECK (pg_catalog.char_length(user_agent) <= 1000),
    CONSTRAINT sessions_expires_at_check CHECK (expires_at > created_at)
);

COMMENT ON TABLE auth.sessions IS 'Sign-ins that last until they expire or are revoked';
COMMENT ON COLUMN auth.sessions.tenant_id IS 'The tenant chosen after sign-in; null until then';
COMMENT ON COLUMN auth.sessions.token_hash IS 'SHA-256 of the token in the cookie';
COMMENT ON COLUMN auth.sessions.last_seen_at IS 'Kept to the minute, for not every request to write';

CREATE INDEX sessions_account_id_idx ON auth.sessions (account_id);

CREATE INDEX sessions_tenant_id_idx ON auth.sessions (tenant_id)
    WHERE tenant_id IS NOT NULL;
