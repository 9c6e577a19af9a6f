-- migrator: no-transaction
-- Removes the index on the names for sorting.
DROP INDEX CONCURRENTLY users.users_sort_name_idx;
