-- A constraint cannot be made unproven: it is taken away and added as it was,
-- with its comment.
ALTER TABLE users.memberships
    DROP CONSTRAINT memberships_joined_at_check;

ALTER TABLE users.memberships
    ADD CONSTRAINT memberships_joined_at_check
        CHECK ((status = 'invited') = (joined_at IS NULL)) NOT VALID;

COMMENT ON CONSTRAINT memberships_joined_at_check ON users.memberships IS
    'Whoever was ever active has joined at some time, and nobody else has';
