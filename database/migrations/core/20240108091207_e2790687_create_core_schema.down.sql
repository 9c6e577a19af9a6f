-- Removes the shared schema, which is empty at this time.
DROP SCHEMA core;
