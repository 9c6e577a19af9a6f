-- Removes the shared schema; everything in it is gone by now.
DROP SCHEMA core;
