-- migrator: no-transaction
-- Without this index, the job that deletes expired sessions reads the whole table.
CREATE INDEX CONCURRENTLY sessions_expires_at_idx
    ON auth.sessions (expires_at)
    WHERE revoked_at IS NULL;
