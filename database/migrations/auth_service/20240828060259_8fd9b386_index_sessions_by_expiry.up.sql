-- migrator: no-transaction
-- The job that deletes expired sessions read the whole table every minute.
CREATE INDEX CONCURRENTLY sessions_expires_at_idx
    ON auth.sessions (expires_at)
    WHERE revoked_at IS NULL;
