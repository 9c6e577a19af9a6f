-- migrator: no-transaction
-- Without this index, a query for one row scans the whole log.
CREATE INDEX CONCURRENTLY audit_log_row_idx
    ON core.audit_log (schema_name, table_name, row_id, changed_at);
