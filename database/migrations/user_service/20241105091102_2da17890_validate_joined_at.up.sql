-- The service has corrected the old rows. This statement checks them, with a lock
-- that allows reads and writes.
ALTER TABLE users.memberships
    VALIDATE CONSTRAINT memberships_joined_at_check;
