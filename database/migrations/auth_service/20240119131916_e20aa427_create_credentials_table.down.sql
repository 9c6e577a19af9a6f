-- Removes the passwords.
DROP TABLE auth.credentials;
