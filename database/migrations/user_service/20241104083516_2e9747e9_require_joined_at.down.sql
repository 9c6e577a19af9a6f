-- Allows active members without a joining time.
ALTER TABLE users.memberships
    DROP CONSTRAINT memberships_joined_at_check;
