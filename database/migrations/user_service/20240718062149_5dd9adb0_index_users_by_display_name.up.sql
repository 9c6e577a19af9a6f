-- migrator: no-transaction
-- The search for people finds any part of a name while the user types.
CREATE INDEX CONCURRENTLY users_display_name_idx
    ON users.users USING gin (display_name core.gin_trgm_ops);
