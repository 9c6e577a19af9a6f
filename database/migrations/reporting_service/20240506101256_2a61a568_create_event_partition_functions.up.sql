-- Functions create and remove partitions. So the nightly job, a migration and an
-- operator use the same names, bounds and policies.
CREATE FUNCTION reporting.event_partition_name(day date) RETURNS text
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = ''
AS $$
    SELECT 'events_' || pg_catalog.to_char(day::timestamp, 'YYYY"_q"Q');
$$;

COMMENT ON FUNCTION reporting.event_partition_name(date) IS
    'Name of the partition for the quarter of a day: events_2024_q2';

CREATE FUNCTION reporting.create_event_partition(day date) RETURNS boolean
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
    partition_name text := reporting.event_partition_name(day);
    first_day timestamp := pg_catalog.date_trunc('quarter', day::timestamp);
    lower_bound text := pg_catalog.to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00';
    upper_bound text := pg_catalog.to_char(first_day + INTERVAL '3 months', 'YYYY-MM-DD') || ' 00:00:00+00';
BEGIN
    -- Keeps out events for the new partition until it is there, and a second
    -- caller until this one is done.
    LOCK TABLE reporting.events_default IN ACCESS EXCLUSIVE MODE;

    IF pg_catalog.to_regclass('reporting.' || pg_catalog.quote_ident(partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;

    EXECUTE pg_catalog.format(
        'CREATE TABLE reporting.%I (LIKE reporting.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
        partition_name
    );
    EXECUTE pg_catalog.format(
        'WITH moved AS ('
        '    DELETE FROM reporting.events_default'
        '    WHERE occurred_at >= %L AND occurred_at < %L'
        '    RETURNING *'
        ') INSERT INTO reporting.%I SELECT * FROM moved',
        lower_bound, upper_bound, partition_name
    );
    EXECUTE pg_catalog.format(
        'ALTER TABLE reporting.events ATTACH PARTITION reporting.%I FOR VALUES FROM (%L) TO (%L)',
        partition_name, lower_bound, upper_bound
    );
    EXECUTE pg_catalog.format('ALTER TABLE reporting.%I ENABLE ROW LEVEL SECURITY', partition_name);
    EXECUTE pg_catalog.format(
        'COMMENT ON TABLE reporting.%I IS %L',
        partition_name, 'Events from ' || lower_bound || ' until before ' || upper_bound
    );

    RETURN true;
END;
$$;

COMMENT ON FUNCTION reporting.create_event_partition(date) IS
    'Makes the partition for the quarter of a day and moves there what the default partition holds of it; false if it exists';

CREATE FUNCTION reporting.merge_event_partition(day date) RETURNS boolean
LANGUAGE plpgsql
SET search_path = ''
AS $$
DECLARE
    partition_name text := reporting.event_partition_name(day);
BEGIN
    LOCK TABLE reporting.events_default IN ACCESS EXCLUSIVE MODE;

    IF pg_catalog.to_regclass('reporting.' || pg_catalog.quote_ident(partition_name)) IS NULL THEN
        RETURN false;
    END IF;

    EXECUTE pg_catalog.format('ALTER TABLE reporting.events DETACH PARTITION reporting.%I', partition_name);
    EXECUTE pg_catalog.format('INSERT INTO reporting.events_default SELECT * FROM reporting.%I', partition_name);
    EXECUTE pg_catalog.format('DROP TABLE reporting.%I', partition_name);

    RETURN true;
END;
$$;

COMMENT ON FUNCTION reporting.merge_event_partition(date) IS
    'The reverse: moves a quarter''s events to the default partition and drops their own; false if there is none';

-- Both run as the caller, who must own the table; no other role needs them.
REVOKE EXECUTE ON FUNCTION reporting.create_event_partition(date) FROM PUBLIC;

REVOKE EXECUTE ON FUNCTION reporting.merge_event_partition(date) FROM PUBLIC;
