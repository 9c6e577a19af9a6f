-- An active member has a joining time. With NOT VALID, the check applies only to
-- new rows, and the lock is short. The next migration checks the old rows.
ALTER TABLE users.memberships
    ADD CONSTRAINT memberships_joined_at_check
        CHECK ((status = 'invited') = (joined_at IS NULL)) NOT VALID;

COMMENT ON CONSTRAINT memberships_joined_at_check ON users.memberships IS
    'Whoever was ever active has joined at some time, and nobody else has';
