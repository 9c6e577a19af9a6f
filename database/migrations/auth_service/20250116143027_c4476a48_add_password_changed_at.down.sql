-- Forgets how old passwords are.
ALTER TABLE auth.credentials
    DROP CONSTRAINT credentials_password_changed_at_check,
    DROP COLUMN password_changed_at;
