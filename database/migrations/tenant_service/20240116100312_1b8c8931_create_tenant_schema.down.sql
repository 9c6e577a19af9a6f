-- Removes the schema of the tenant service.
DROP SCHEMA tenant;
