-- The preferences of a person: appearance and language.
CREATE TABLE users.preferences (
    user_id uuid NOT NULL,
    locale core.locale NOT NULL DEFAULT 'en',
    time_zone core.time_zone NOT NULL DEFAULT 'UTC',
    theme text NOT NULL DEFAULT 'system',
    notifications jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT preferences_pkey PRIMARY KEY (user_id),
    CONSTRAINT preferences_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (id) ON DELETE CASCADE,
    CONSTRAINT preferences_theme_check CHECK (theme IN ('system', 'light', 'dark')),
    CONSTRAINT preferences_notifications_check CHECK (pg_catalog.jsonb_typeof(notifications) = 'object')
);

COMMENT ON TABLE users.preferences IS 'How the platform looks and speaks to a person';
COMMENT ON COLUMN users.preferences.notifications IS 'Topic to channel; a topic that is missing has the default of its template';

CREATE TRIGGER preferences_touch_updated_at
    BEFORE UPDATE ON users.preferences
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
