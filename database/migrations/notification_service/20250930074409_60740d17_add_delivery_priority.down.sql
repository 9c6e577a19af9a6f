-- Sends deliveries in the order in which they are due again.
CREATE OR REPLACE FUNCTION notification.claim_deliveries(
    worker text,
    batch_size int DEFAULT 20,
    lease interval DEFAULT INTERVAL '2 minutes'
) RETURNS SETOF notification.deliveries
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = ''
AS $$
    -- The worker of the last attempt is gone: there will be no other.
    UPDATE notification.deliveries AS d
    SET status = 'failed',
        leased_by = NULL,
        next_attempt_at = NULL,
        finished_at = pg_catalog.now()
    WHERE d.status = 'sending'
        AND d.next_attempt_at <= pg_catalog.now()
        AND d.attempts >= d.max_attempts;

    WITH due AS MATERIALIZED (
        SELECT q.id
        FROM notification.deliveries AS q
        WHERE q.status IN ('queued', 'sending')
            AND q.next_attempt_at <= pg_catalog.now()
            AND q.attempts < q.max_attempts
        ORDER BY q.next_attempt_at
        LIMIT batch_size
        FOR UPDATE SKIP LOCKED
    )
    UPDATE notification.deliveries AS d
    SET status = 'sending',
        attempts = d.attempts + 1,
        leased_by = worker,
        next_attempt_at = pg_catalog.now() + lease
    FROM due
    WHERE d.id = due.id
    RETURNING d.*;
$$;

COMMENT ON FUNCTION notification.claim_deliveries(text, int, interval) IS
    'Takes what is due, and what another worker left behind, for the time of the lease; never waits for another worker';

ALTER TABLE notification.deliveries
    DROP CONSTRAINT deliveries_priority_check,
    DROP COLUMN priority;
