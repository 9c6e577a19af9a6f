-- The functions of the workers of the outbox. Workers serve all tenants, so the
-- functions run as the owner. Only roles that operators choose may call them.
CREATE FUNCTION notification.claim_deliveries(
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

CREATE FUNCTION notification.retry_delay(attempts int) RETURNS interval
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = ''
AS $$
    SELECT LEAST(
        INTERVAL '30 seconds' * pg_catalog.power(2, LEAST(attempts, 20) - 1),
        INTERVAL '6 hours'
    );
$$;

COMMENT ON FUNCTION notification.retry_delay(int) IS
    'How long to wait after so many attempts: 30 seconds, doubled each time, at most 6 hours';

CREATE FUNCTION notification.finish_attempt(
    delivery_id uuid,
    worker text,
    response_code int,
    error text
) RETURNS notification.delivery_status
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    delivery notification.deliveries;
    new_status notification.delivery_status;
BEGIN
    SELECT d.*
    INTO delivery
    FROM notification.deliveries AS d
    WHERE d.id = finish_attempt.delivery_id
        AND d.leased_by = finish_attempt.worker
    FOR UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'delivery % is not leased by %', delivery_id, worker
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    INSERT INTO notification.delivery_attempts (delivery_id, number, worker, response_code, error)
    VALUES (delivery.id, delivery.attempts, worker, response_code, error);

    new_status := CASE
        WHEN error IS NULL THEN 'delivered'
        WHEN delivery.attempts >= delivery.max_attempts THEN 'failed'
        ELSE 'queued'
    END;

    UPDATE notification.deliveries AS d
    SET status = new_status,
        leased_by = NULL,
        next_attempt_at = CASE
            WHEN new_status = 'queued' THEN pg_catalog.now() + notification.retry_delay(delivery.attempts)
        END,
        finished_at = CASE
            WHEN new_status <> 'queued' THEN pg_catalog.now()
        END
    WHERE d.id = delivery.id;

    RETURN new_status;
END;
$$;

COMMENT ON FUNCTION notification.finish_attempt(uuid, text, int, text) IS
    'Records how an attempt ended (no error means delivered) and plans the next one; fails if the lease went to another worker';

REVOKE EXECUTE ON FUNCTION notification.claim_deliveries(text, int, interval) FROM PUBLIC;

REVOKE EXECUTE ON FUNCTION notification.finish_attempt(uuid, text, int, text) FROM PUBLIC;
