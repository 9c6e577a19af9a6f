-- The channels on which a tenant gets messages.
CREATE TYPE notification.channel_kind AS ENUM ('email', 'sms', 'webhook');

COMMENT ON TYPE notification.channel_kind IS 'How a message travels';

CREATE TABLE notification.channels (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    kind notification.channel_kind NOT NULL,
    name text NOT NULL,
    email core.email,
    phone core.phone_number,
    url core.url,
    signing_secret_ciphertext bytea,
    status core.lifecycle_status NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT channels_pkey PRIMARY KEY (id),
    CONSTRAINT channels_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT channels_tenant_id_name_key UNIQUE (tenant_id, name),
    CONSTRAINT channels_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT channels_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT channels_kind_check CHECK (
        pg_catalog.num_nonnulls(email, phone, url) = 1
        AND (kind = 'email') = (email IS NOT NULL)
        AND (kind = 'sms') = (phone IS NOT NULL)
        AND (kind = 'webhook') = (url IS NOT NULL)
        AND (kind = 'webhook') = (signing_secret_ciphertext IS NOT NULL)
    )
);

COMMENT ON TABLE notification.channels IS 'E-mail addresses, telephone numbers and webhooks of a tenant';
COMMENT ON COLUMN notification.channels.signing_secret_ciphertext IS 'Signs the requests to a webhook; encrypted by the service';
COMMENT ON COLUMN notification.channels.status IS 'suspended after too many failures in a row';
COMMENT ON CONSTRAINT channels_tenant_id_id_key ON notification.channels IS
    'For foreign keys that hold what uses a channel in the channel''s tenant';
COMMENT ON CONSTRAINT channels_kind_check ON notification.channels IS 'Every kind has exactly its own columns';

CREATE TRIGGER channels_touch_updated_at
    BEFORE UPDATE ON notification.channels
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE notification.channels ENABLE ROW LEVEL SECURITY;

CREATE POLICY channels_isolation ON notification.channels
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY channels_isolation ON notification.channels IS 'A tenant sees and changes its own channels only';
