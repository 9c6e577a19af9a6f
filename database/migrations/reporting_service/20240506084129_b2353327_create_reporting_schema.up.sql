-- The schema of the reporting service.
CREATE SCHEMA reporting;

COMMENT ON SCHEMA reporting IS 'Events, key figures, dashboards and what is computed from them';
