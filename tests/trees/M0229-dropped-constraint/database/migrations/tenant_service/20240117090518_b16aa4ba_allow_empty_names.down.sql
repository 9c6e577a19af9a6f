UPDATE tenants
SET name = 'unknown'
WHERE name = '';
