-- Removes the people.
DROP TABLE users.users;
