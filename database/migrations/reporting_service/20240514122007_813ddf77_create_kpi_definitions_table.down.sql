-- Removes the key figures.
DROP FUNCTION reporting.kpi_value(uuid, timestamptz, timestamptz);

DROP TABLE reporting.kpi_definitions;

DROP TYPE reporting.aggregation;
