-- The accounts that can sign in. An account belongs to no tenant: a person has
-- one account, also if the person works for several tenants.
CREATE TABLE auth.accounts (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    email core.email NOT NULL,
    status core.lifecycle_status NOT NULL DEFAULT 'draft',
    email_verified_at timestamptz,
    failed_sign_ins int NOT NULL DEFAULT 0,
    locked_until timestamptz,
    last_sign_in_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_email_key UNIQUE (email),
    CONSTRAINT accounts_failed_sign_ins_check CHECK (failed_sign_ins >= 0),
    CONSTRAINT accounts_active_verified_check CHECK (status <> 'active' OR email_verified_at IS NOT NULL)
);

COMMENT ON TABLE auth.accounts IS 'People and machines that can sign in';
COMMENT ON COLUMN auth.accounts.email IS 'What the holder signs in with';
COMMENT ON COLUMN auth.accounts.failed_sign_ins IS 'Since the last success';
COMMENT ON COLUMN auth.accounts.locked_until IS 'No sign-in is tried before then, right password or not';

CREATE TRIGGER accounts_touch_updated_at
    BEFORE UPDATE ON auth.accounts
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

CREATE FUNCTION auth.find_account(email text) RETURNS auth.accounts
LANGUAGE sql
STABLE
SET search_path = ''
AS $$
    SELECT a
    FROM auth.accounts AS a
    WHERE a.email OPERATOR(core.=) find_account.email::core.citext;
$$;

COMMENT ON FUNCTION auth.find_account(text) IS
    'The account with this e-mail address, without regard to case, whatever the search path; null if there is none';
