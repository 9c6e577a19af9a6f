-- Second factors: devices that a person uses in addition to the password.
CREATE TYPE auth.factor_kind AS ENUM ('totp', 'webauthn', 'recovery_code');

COMMENT ON TYPE auth.factor_kind IS 'Authenticator app, security key, or a code on paper';

CREATE TABLE auth.second_factors (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    account_id uuid NOT NULL,
    kind auth.factor_kind NOT NULL,
    label text NOT NULL,
    secret_ciphertext bytea,
    credential_id bytea,
    public_key bytea,
    signature_count bigint,
    code_hash core.sha256,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    confirmed_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT second_factors_pkey PRIMARY KEY (id),
    CONSTRAINT second_factors_credential_id_key UNIQUE (credential_id),
    CONSTRAINT second_factors_account_id_fkey FOREIGN KEY (account_id)
        REFERENCES auth.accounts (id) ON DELETE CASCADE,
    CONSTRAINT second_factors_label_check CHECK (pg_catalog.char_length(label) BETWEEN 1 AND 100),
    CONSTRAINT second_factors_kind_check CHECK (
        CASE kind
            WHEN 'totp' THEN pg_catalog.num_nonnulls(secret_ciphertext) = 1
                AND pg_catalog.num_nonnulls(credential_id, public_key, signature_count, code_hash) = 0
            WHEN 'webauthn' THEN pg_catalog.num_nonnulls(credential_id, public_key, signature_count) = 3
                AND pg_catalog.num_nonnulls(secret_ciphertext, code_hash) = 0
            WHEN 'recovery_code' THEN pg_catalog.num_nonnulls(code_hash) = 1
                AND pg_catalog.num_nonnulls(secret_ciphertext, credential_id, public_key, signature_count) = 0
        END
    )
);

COMMENT ON TABLE auth.second_factors IS 'Second factors of accounts; a factor counts once it is confirmed';
COMMENT ON COLUMN auth.second_factors.secret_ciphertext IS 'The shared secret of an authenticator app, encrypted by the service';
COMMENT ON COLUMN auth.second_factors.credential_id IS 'Identifies a security key';
COMMENT ON COLUMN auth.second_factors.signature_count IS 'Last counter of a security key; one that runs backwards is a copy';
COMMENT ON COLUMN auth.second_factors.code_hash IS 'SHA-256 of a recovery code';
COMMENT ON CONSTRAINT second_factors_kind_check ON auth.second_factors IS 'Every kind has exactly its own columns';

CREATE INDEX second_factors_account_id_idx ON auth.second_factors (account_id);
