-- Tokens of links in e-mails. Each is valid for one purpose and for one use.
CREATE TYPE auth.token_purpose AS ENUM ('verify_email', 'reset_password', 'accept_invitation');

COMMENT ON TYPE auth.token_purpose IS 'What a one-time token allows its bearer';

CREATE TABLE auth.tokens (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    account_id uuid NOT NULL,
    purpose auth.token_purpose NOT NULL,
    token_hash core.sha256 NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT tokens_pkey PRIMARY KEY (id),
    CONSTRAINT tokens_token_hash_key UNIQUE (token_hash),
    CONSTRAINT tokens_account_id_fkey FOREIGN KEY (account_id)
        REFERENCES auth.accounts (id) ON DELETE CASCADE,
    CONSTRAINT tokens_expires_at_check CHECK (expires_at > created_at),
    CONSTRAINT tokens_used_at_check CHECK (used_at BETWEEN created_at AND expires_at)
);

COMMENT ON TABLE auth.tokens IS 'One-time tokens sent by e-mail';
COMMENT ON COLUMN auth.tokens.token_hash IS 'SHA-256 of the token in the link';
COMMENT ON COLUMN auth.tokens.used_at IS 'Set by the one use; the row then stays as evidence';

CREATE UNIQUE INDEX tokens_one_open_idx ON auth.tokens (account_id, purpose)
    WHERE used_at IS NULL;

COMMENT ON INDEX auth.tokens_one_open_idx IS 'A new link replaces the one before it';
