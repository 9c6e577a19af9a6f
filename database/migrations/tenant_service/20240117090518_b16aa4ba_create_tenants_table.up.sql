-- The customers. Every row of a customer has the key of its tenant.
CREATE TABLE tenant.tenants (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    slug core.slug NOT NULL,
    name text NOT NULL,
    status core.lifecycle_status NOT NULL DEFAULT 'draft',
    plan_code text NOT NULL DEFAULT 'free',
    trial_ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT tenants_pkey PRIMARY KEY (id),
    CONSTRAINT tenants_slug_key UNIQUE (slug),
    CONSTRAINT tenants_plan_code_fkey FOREIGN KEY (plan_code) REFERENCES tenant.plans (code),
    CONSTRAINT tenants_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT tenants_trial_ends_at_check CHECK (trial_ends_at > created_at)
);

COMMENT ON TABLE tenant.tenants IS 'Customers of the platform, each kept apart from all others';
COMMENT ON COLUMN tenant.tenants.slug IS 'First label of the tenant''s address on the platform''s domain';
COMMENT ON COLUMN tenant.tenants.status IS 'draft until sign-up is complete; suspended tenants may only read';
COMMENT ON COLUMN tenant.tenants.trial_ends_at IS 'Null once a trial is over or was never begun';

CREATE INDEX tenants_plan_code_idx ON tenant.tenants (plan_code);

CREATE INDEX tenants_trial_ends_at_idx ON tenant.tenants (trial_ends_at)
    WHERE trial_ends_at IS NOT NULL;

COMMENT ON INDEX tenant.tenants_trial_ends_at_idx IS 'For the nightly job that ends trials';

CREATE TRIGGER tenants_touch_updated_at
    BEFORE UPDATE ON tenant.tenants
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

CREATE TRIGGER tenants_record_change
    AFTER INSERT OR UPDATE OR DELETE ON tenant.tenants
    FOR EACH ROW EXECUTE FUNCTION core.record_change();
