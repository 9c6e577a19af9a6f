-- migrator: no-transaction
-- Removes the index for the people picker.
DROP INDEX CONCURRENTLY users.users_display_name_idx;
