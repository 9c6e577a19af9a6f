-- migrator: no-transaction
-- "What happened to this row?" was a scan of the whole log.
CREATE INDEX CONCURRENTLY audit_log_row_idx
    ON core.audit_log (schema_name, table_name, row_id, changed_at);
