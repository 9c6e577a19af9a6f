-- Passwords are in their own table. So a reader of accounts sees no hash. An
-- account that signs in through a provider has no password.
CREATE TABLE auth.credentials (
    account_id uuid NOT NULL,
    password_hash text NOT NULL,
    must_change boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT credentials_pkey PRIMARY KEY (account_id),
    CONSTRAINT credentials_account_id_fkey FOREIGN KEY (account_id)
        REFERENCES auth.accounts (id) ON DELETE CASCADE,
    CONSTRAINT credentials_password_hash_check CHECK (password_hash ~ '^\$argon2id\$v=[0-9]+\$')
);

COMMENT ON TABLE auth.credentials IS 'Passwords of the accounts that have one';
COMMENT ON COLUMN auth.credentials.password_hash IS 'Argon2id in PHC form, with its own salt and parameters';
COMMENT ON COLUMN auth.credentials.must_change IS 'The next sign-in leads to the form for a new password';

CREATE TRIGGER credentials_touch_updated_at
    BEFORE UPDATE ON auth.credentials
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
