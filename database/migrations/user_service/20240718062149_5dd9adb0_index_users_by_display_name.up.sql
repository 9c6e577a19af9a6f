-- migrator: no-transaction
-- The people picker looks for any part of a name while somebody types.
CREATE INDEX CONCURRENTLY users_display_name_idx
    ON users.users USING gin (display_name core.gin_trgm_ops);
