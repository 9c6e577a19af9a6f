-- The person behind an account, as other people see that person.
CREATE TABLE users.users (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    account_id uuid NOT NULL,
    display_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_account_id_key UNIQUE (account_id),
    CONSTRAINT users_account_id_fkey FOREIGN KEY (account_id)
        REFERENCES auth.accounts (id) ON DELETE CASCADE,
    CONSTRAINT users_display_name_check CHECK (
        pg_catalog.char_length(display_name) BETWEEN 1 AND 100
        AND display_name = pg_catalog.btrim(display_name)
    )
);

COMMENT ON TABLE users.users IS 'People; each has one account';
COMMENT ON COLUMN users.users.display_name IS 'The name as the person writes it, in whatever order and script';

CREATE TRIGGER users_touch_updated_at
    BEFORE UPDATE ON users.users
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
