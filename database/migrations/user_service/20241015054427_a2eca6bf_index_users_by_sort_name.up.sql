-- migrator: no-transaction
-- Lists of people are shown in pages, in this order.
CREATE INDEX CONCURRENTLY users_sort_name_idx
    ON users.users (sort_name, id);
