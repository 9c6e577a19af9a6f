-- migrator: no-transaction
-- A project's page shows its latest builds. The index avoids a sort.
CREATE INDEX CONCURRENTLY builds_project_id_queued_at_idx
    ON platform.builds (project_id, queued_at DESC);
