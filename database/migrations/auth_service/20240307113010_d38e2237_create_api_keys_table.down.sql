-- Removes the keys of programs.
DROP TABLE auth.api_key_permissions;

DROP TABLE auth.api_keys;
