-- Old rows were corrected by the service meanwhile; this proves it, under a lock
-- that lets reads and writes through.
ALTER TABLE users.memberships
    VALIDATE CONSTRAINT memberships_joined_at_check;
