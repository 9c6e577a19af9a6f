-- The texts of messages, by topic, kind of channel and language.
CREATE TABLE notification.message_templates (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    topic text NOT NULL,
    kind notification.channel_kind NOT NULL,
    locale core.locale NOT NULL DEFAULT 'en',
    subject text,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT message_templates_pkey PRIMARY KEY (id),
    CONSTRAINT message_templates_topic_kind_locale_key UNIQUE (topic, kind, locale),
    CONSTRAINT message_templates_topic_check CHECK (topic ~ '^[a-z][a-z_]*\.[a-z][a-z_]*$'),
    CONSTRAINT message_templates_subject_check CHECK ((kind = 'email') = (subject IS NOT NULL)),
    CONSTRAINT message_templates_body_check CHECK (
        pg_catalog.char_length(body) BETWEEN 1 AND CASE kind WHEN 'sms' THEN 480 ELSE 65536 END
    )
);

COMMENT ON TABLE notification.message_templates IS 'Texts of messages; a missing language falls back to en';
COMMENT ON COLUMN notification.message_templates.topic IS 'Subject and verb of the event: build.failed';
COMMENT ON COLUMN notification.message_templates.body IS 'Text with {{placeholders}}, which the payload of a delivery fills';

CREATE TRIGGER message_templates_touch_updated_at
    BEFORE UPDATE ON notification.message_templates
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
