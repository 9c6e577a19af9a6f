-- Removes the profiles.
DROP TABLE users.profiles;
