-- migrator: no-transaction
-- Removes the index on priority.
DROP INDEX CONCURRENTLY notification.deliveries_priority_due_idx;
