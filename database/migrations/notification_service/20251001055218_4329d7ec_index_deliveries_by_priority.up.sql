-- migrator: no-transaction
-- Finds the most urgent deliveries without sorting all that are due.
CREATE INDEX CONCURRENTLY deliveries_priority_due_idx
    ON notification.deliveries (priority, next_attempt_at)
    WHERE status IN ('queued', 'sending');
