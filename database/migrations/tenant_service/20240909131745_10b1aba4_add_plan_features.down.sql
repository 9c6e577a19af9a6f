-- Removes the features, and with the column what was filled in.
ALTER TABLE tenant.plans
    DROP CONSTRAINT plans_features_check,
    DROP COLUMN features;
