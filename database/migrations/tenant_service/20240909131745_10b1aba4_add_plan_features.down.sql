-- Removes the features: the column with its values.
ALTER TABLE tenant.plans
    DROP CONSTRAINT plans_features_check,
    DROP COLUMN features;
