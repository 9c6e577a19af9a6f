-- migrator: allow M0217 because there are four plans
-- The code of the services decided which features a plan has. Now the plan has a
-- list of them, and the four first plans get the features that they had.
ALTER TABLE tenant.plans
    ADD COLUMN features text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT plans_features_check CHECK (
        pg_catalog.array_position(features, NULL) IS NULL AND pg_catalog.cardinality(features) <= 100
    );

COMMENT ON COLUMN tenant.plans.features IS 'Codes of the features that the plan unlocks';

SET LOCAL app.keep_updated_at = 'on';

UPDATE tenant.plans AS p
SET features = f.features
FROM (VALUES
    ('team', '{api_keys,webhooks}'::text[]),
    ('business', '{api_keys,custom_domains,dashboards,webhooks}'::text[]),
    ('enterprise', '{api_keys,audit_export,custom_domains,dashboards,data_residency,webhooks}'::text[])
) AS f (code, features)
WHERE p.code = f.code;

SET LOCAL app.keep_updated_at = 'off';
