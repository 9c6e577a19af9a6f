-- Removes the preferences.
DROP TABLE users.preferences;
