-- migrator: no-transaction
-- Builds the index on the time of the next attempt again.
CREATE INDEX CONCURRENTLY deliveries_due_idx
    ON notification.deliveries (next_attempt_at)
    WHERE status IN ('queued', 'sending');
