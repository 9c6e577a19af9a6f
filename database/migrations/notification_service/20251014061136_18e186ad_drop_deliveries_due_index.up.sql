-- migrator: no-transaction
-- For two weeks, all queries of the workers have used the index on priority.
-- This index only makes writes slower.
DROP INDEX CONCURRENTLY notification.deliveries_due_idx;
