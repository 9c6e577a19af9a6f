-- Removes the schema of the user service.
DROP SCHEMA users;
