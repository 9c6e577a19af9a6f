-- Lets members be active who never joined.
ALTER TABLE users.memberships
    DROP CONSTRAINT memberships_joined_at_check;
