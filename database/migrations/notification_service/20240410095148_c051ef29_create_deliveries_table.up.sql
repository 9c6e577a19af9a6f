-- The outbox: the messages to send, and each attempt. A worker takes messages
-- that are due and have no other worker. A worker that dies loses its lease.
CREATE TYPE notification.delivery_status AS ENUM ('queued', 'sending', 'delivered', 'failed');

COMMENT ON TYPE notification.delivery_status IS 'queued and sending in turn, until delivered or failed for good';

CREATE TABLE notification.deliveries (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    template_id uuid NOT NULL,
    recipient_id uuid,
    payload jsonb NOT NULL DEFAULT '{}',
    status notification.delivery_status NOT NULL DEFAULT 'queued',
    attempts int NOT NULL DEFAULT 0,
    max_attempts int NOT NULL DEFAULT 8,
    next_attempt_at timestamptz DEFAULT pg_catalog.now(),
    leased_by text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    finished_at timestamptz,
    CONSTRAINT deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT deliveries_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT deliveries_tenant_id_channel_id_fkey FOREIGN KEY (tenant_id, channel_id)
        REFERENCES notification.channels (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT deliveries_template_id_fkey FOREIGN KEY (template_id)
        REFERENCES notification.message_templates (id),
    CONSTRAINT deliveries_recipient_id_fkey FOREIGN KEY (recipient_id)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT deliveries_payload_check CHECK (pg_catalog.jsonb_typeof(payload) = 'object'),
    CONSTRAINT deliveries_attempts_check CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT deliveries_open_check CHECK (
        (status IN ('queued', 'sending')) = (next_attempt_at IS NOT NULL)
        AND (status IN ('queued', 'sending')) = (finished_at IS NULL)
    ),
    CONSTRAINT deliveries_leased_by_check CHECK ((status = 'sending') = (leased_by IS NOT NULL))
);

COMMENT ON TABLE notification.deliveries IS 'Messages to be sent and messages sent';
COMMENT ON COLUMN notification.deliveries.recipient_id IS 'The person addressed; null for a channel that is no person';
COMMENT ON COLUMN notification.deliveries.next_attempt_at IS 'When it is due again; while it is being sent, when the lease ends';
COMMENT ON COLUMN notification.deliveries.leased_by IS 'The worker that sends it now';

CREATE INDEX deliveries_due_idx ON notification.deliveries (next_attempt_at)
    WHERE status IN ('queued', 'sending');

CREATE INDEX deliveries_tenant_id_channel_id_idx ON notification.deliveries (tenant_id, channel_id);

CREATE INDEX deliveries_template_id_idx ON notification.deliveries (template_id);

CREATE INDEX deliveries_recipient_id_idx ON notification.deliveries (recipient_id);

ALTER TABLE notification.deliveries ENABLE ROW LEVEL SECURITY;

CREATE POLICY deliveries_isolation ON notification.deliveries
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY deliveries_isolation ON notification.deliveries IS 'A tenant sees and adds its own deliveries only';

CREATE TABLE notification.delivery_attempts (
    delivery_id uuid NOT NULL,
    number int NOT NULL,
    attempted_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    worker text NOT NULL,
    response_code int,
    error text,
    CONSTRAINT delivery_attempts_pkey PRIMARY KEY (delivery_id, number),
    CONSTRAINT delivery_attempts_delivery_id_fkey FOREIGN KEY (delivery_id)
        REFERENCES notification.deliveries (id) ON DELETE CASCADE,
    CONSTRAINT delivery_attempts_number_check CHECK (number >= 1)
);

COMMENT ON TABLE notification.delivery_attempts IS 'Every attempt to send a message';
COMMENT ON COLUMN notification.delivery_attempts.response_code IS 'Of HTTP or SMTP; null if there was no answer';
COMMENT ON COLUMN notification.delivery_attempts.error IS 'Null if the attempt succeeded';

ALTER TABLE notification.delivery_attempts ENABLE ROW LEVEL SECURITY;

CREATE POLICY delivery_attempts_isolation ON notification.delivery_attempts
    USING (
        EXISTS (
            SELECT 1
            FROM notification.deliveries AS d
            WHERE d.id = delivery_id
                AND d.tenant_id = (SELECT core.current_tenant_id())
        )
    );

COMMENT ON POLICY delivery_attempts_isolation ON notification.delivery_attempts IS 'An attempt is seen by who sees its delivery';
