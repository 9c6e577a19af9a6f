-- Removes the names for sorting.
DROP TRIGGER users_fill_sort_name ON users.users;

DROP FUNCTION users.fill_sort_name();

ALTER TABLE users.users
    DROP CONSTRAINT users_sort_name_check,
    DROP COLUMN sort_name;
