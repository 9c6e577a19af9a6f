-- Deletes the first plans and no others.
DELETE FROM tenant.plans
WHERE code IN ('free', 'team', 'business', 'enterprise');
