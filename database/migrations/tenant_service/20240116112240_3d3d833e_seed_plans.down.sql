-- Takes back the plans of the launch and no others.
DELETE FROM tenant.plans
WHERE code IN ('free', 'team', 'business', 'enterprise');
