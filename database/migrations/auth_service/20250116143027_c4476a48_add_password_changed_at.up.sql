-- migrator: statement-timeout 5min
-- migrator: allow M0217 because the backfill of every row has the same lock for longer
-- migrator: allow M0225 because the backfill of every row has the same lock for longer
-- Rules on the age of a password need this time; updated_at also changes with
-- other columns. For an existing password, it is the time of its row.
ALTER TABLE auth.credentials
    ADD COLUMN password_changed_at timestamptz;

COMMENT ON COLUMN auth.credentials.password_changed_at IS 'When the present password was set';

-- No new updated_at and no entry in the audit log, because nobody changes a
-- password here.
SET LOCAL app.keep_updated_at = 'on';

ALTER TABLE auth.credentials DISABLE TRIGGER credentials_record_change;

UPDATE auth.credentials
SET password_changed_at = created_at;

ALTER TABLE auth.credentials ENABLE TRIGGER credentials_record_change;

SET LOCAL app.keep_updated_at = 'off';

ALTER TABLE auth.credentials
    ALTER COLUMN password_changed_at SET DEFAULT pg_catalog.now(),
    ALTER COLUMN password_changed_at SET NOT NULL,
    ADD CONSTRAINT credentials_password_changed_at_check CHECK (password_changed_at >= created_at);
