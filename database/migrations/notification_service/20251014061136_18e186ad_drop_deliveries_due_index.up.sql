-- migrator: no-transaction
-- The index on priority has served all claims for two weeks; this one only
-- costs writes.
DROP INDEX CONCURRENTLY notification.deliveries_due_idx;
