-- Removes the views with the counts.
DROP FUNCTION reporting.tenant_activity(date, date);

DROP FUNCTION reporting.refresh_activity();

DROP MATERIALIZED VIEW reporting.monthly_people;

DROP MATERIALIZED VIEW reporting.daily_activity;
