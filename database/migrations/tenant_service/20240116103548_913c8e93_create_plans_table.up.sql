-- The plans to which a tenant can subscribe, and their limits.
CREATE TABLE tenant.plans (
    code text NOT NULL,
    name text NOT NULL,
    monthly_price core.money NOT NULL,
    max_members int,
    max_projects int,
    is_public boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT plans_pkey PRIMARY KEY (code),
    CONSTRAINT plans_code_check CHECK (code ~ '^[a-z][a-z0-9_]{1,30}$'),
    CONSTRAINT plans_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT plans_monthly_price_check CHECK ((monthly_price).amount >= 0),
    CONSTRAINT plans_max_members_check CHECK (max_members > 0),
    CONSTRAINT plans_max_projects_check CHECK (max_projects > 0)
);

COMMENT ON TABLE tenant.plans IS 'Subscription plans';
COMMENT ON COLUMN tenant.plans.code IS 'Permanent key; code may refer to it';
COMMENT ON COLUMN tenant.plans.monthly_price IS 'List price for a month, before tax';
COMMENT ON COLUMN tenant.plans.max_members IS 'Members a tenant may have; null means any number';
COMMENT ON COLUMN tenant.plans.max_projects IS 'Projects a tenant may have; null means any number';
COMMENT ON COLUMN tenant.plans.is_public IS 'Offered at sign-up';

CREATE TRIGGER plans_touch_updated_at
    BEFORE UPDATE ON tenant.plans
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
