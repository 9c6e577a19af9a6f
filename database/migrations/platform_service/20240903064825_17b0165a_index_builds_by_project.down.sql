-- migrator: no-transaction
-- Removes the index for a project's page.
DROP INDEX CONCURRENTLY platform.builds_project_id_queued_at_idx;
