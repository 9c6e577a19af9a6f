-- migrator: no-transaction
-- Removes the index on the expiry of sessions.
DROP INDEX CONCURRENTLY auth.sessions_expires_at_idx;
