-- Removes the schema of the platform service.
DROP SCHEMA platform;
