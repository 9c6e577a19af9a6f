-- Removes the sessions; everybody signs in again.
DROP TABLE auth.sessions;
