-- Host names of a tenant, in addition to its slug on the platform's domain.
CREATE TABLE tenant.domains (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    host core.host_name NOT NULL,
    is_primary boolean NOT NULL DEFAULT false,
    verification_token text NOT NULL DEFAULT pg_catalog.encode(core.gen_random_bytes(16), 'hex'),
    verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT domains_pkey PRIMARY KEY (id),
    CONSTRAINT domains_host_key UNIQUE (host),
    CONSTRAINT domains_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT domains_primary_verified_check CHECK (NOT is_primary OR verified_at IS NOT NULL)
);

COMMENT ON TABLE tenant.domains IS 'Tenants'' own host names';
COMMENT ON COLUMN tenant.domains.verification_token IS 'Expected in a TXT record of the domain; public, so no secret';
COMMENT ON CONSTRAINT domains_primary_verified_check ON tenant.domains IS
    'Nobody redirects visitors to a domain that is not proven to be the tenant''s';

CREATE INDEX domains_tenant_id_idx ON tenant.domains (tenant_id);

CREATE UNIQUE INDEX domains_one_primary_idx ON tenant.domains (tenant_id)
    WHERE is_primary;

COMMENT ON INDEX tenant.domains_one_primary_idx IS 'A tenant has at most one primary domain';
