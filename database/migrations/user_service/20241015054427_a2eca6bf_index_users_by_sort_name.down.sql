-- migrator: no-transaction
-- Removes the index on the names to sort by.
DROP INDEX CONCURRENTLY users.users_sort_name_idx;
