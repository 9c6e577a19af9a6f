-- Removes the memberships.
DROP TABLE users.memberships;

DROP TYPE users.membership_status;
