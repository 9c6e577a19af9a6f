-- Removes the schema of the reporting service.
DROP SCHEMA reporting;
