-- Removes the plans.
DROP TABLE tenant.plans;
