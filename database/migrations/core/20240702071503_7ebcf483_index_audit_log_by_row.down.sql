-- migrator: no-transaction
-- Removes the index on the changed row.
DROP INDEX CONCURRENTLY core.audit_log_row_idx;
