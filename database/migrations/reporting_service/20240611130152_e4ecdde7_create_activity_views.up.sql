-- A dashboard must not count millions of events while a user waits. These views
-- have the counts, and are refreshed from time to time.
CREATE MATERIALIZED VIEW reporting.daily_activity AS
SELECT
    e.tenant_id,
    (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
    e.name,
    pg_catalog.count(*) AS event_count,
    pg_catalog.count(DISTINCT e.user_id) AS user_count,
    pg_catalog.sum(e.value) AS value_sum
FROM reporting.events AS e
GROUP BY e.tenant_id, (e.occurred_at AT TIME ZONE 'UTC')::date, e.name;

COMMENT ON MATERIALIZED VIEW reporting.daily_activity IS 'Events of a tenant by day (UTC) and name';

CREATE UNIQUE INDEX daily_activity_idx ON reporting.daily_activity (tenant_id, day, name);

COMMENT ON INDEX reporting.daily_activity_idx IS 'Serves all reads, and lets the view be refreshed while it is read';

CREATE MATERIALIZED VIEW reporting.monthly_people AS
SELECT
    e.tenant_id,
    pg_catalog.date_trunc('month', e.occurred_at AT TIME ZONE 'UTC')::date AS month,
    pg_catalog.count(DISTINCT e.user_id) AS active_people
FROM reporting.events AS e
WHERE e.user_id IS NOT NULL
GROUP BY e.tenant_id, pg_catalog.date_trunc('month', e.occurred_at AT TIME ZONE 'UTC')::date;

COMMENT ON MATERIALIZED VIEW reporting.monthly_people IS
    'People of a tenant who did anything in a month (UTC); not the sum of days';

CREATE UNIQUE INDEX monthly_people_idx ON reporting.monthly_people (tenant_id, month);

COMMENT ON INDEX reporting.monthly_people_idx IS 'Serves all reads, and lets the view be refreshed while it is read';

CREATE FUNCTION reporting.refresh_activity() RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY reporting.daily_activity;
    REFRESH MATERIALIZED VIEW CONCURRENTLY reporting.monthly_people;
END;
$$;

COMMENT ON FUNCTION reporting.refresh_activity() IS
    'Counts again, for the job that does so every quarter of an hour; readers keep the old numbers until it is done';

REVOKE EXECUTE ON FUNCTION reporting.refresh_activity() FROM PUBLIC;

-- Materialised views have no row policies, so tenants read them with functions.
CREATE FUNCTION reporting.tenant_activity(first_day date, last_day date)
RETURNS TABLE (day date, name text, event_count bigint, user_count bigint, value_sum numeric)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
    SELECT a.day, a.name, a.event_count, a.user_count, a.value_sum
    FROM reporting.daily_activity AS a
    WHERE a.tenant_id = core.current_tenant_id()
        AND a.day BETWEEN first_day AND last_day
    ORDER BY a.day, a.name;
$$;

COMMENT ON FUNCTION reporting.tenant_activity(date, date) IS 'The current tenant''s part of daily_activity, both days included';
