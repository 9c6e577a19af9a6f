-- Removes the tenants' settings.
DROP TABLE tenant.settings;
