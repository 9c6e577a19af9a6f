-- A member who is active has joined at some time. NOT VALID holds for new rows
-- at once and takes its lock for a moment; the next migration looks at old ones.
ALTER TABLE users.memberships
    ADD CONSTRAINT memberships_joined_at_check
        CHECK ((status = 'invited') = (joined_at IS NULL)) NOT VALID;

COMMENT ON CONSTRAINT memberships_joined_at_check ON users.memberships IS
    'Whoever was ever active has joined at some time, and nobody else has';
