-- Voluntary information of people about themselves.
CREATE TABLE users.profiles (
    user_id uuid NOT NULL,
    job_title text,
    biography text,
    avatar_url core.url,
    website_url core.url,
    phone core.phone_number,
    country core.country_code,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT profiles_pkey PRIMARY KEY (user_id),
    CONSTRAINT profiles_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users.users (id) ON DELETE CASCADE,
    CONSTRAINT profiles_job_title_check CHECK (pg_catalog.char_length(job_title) BETWEEN 1 AND 100),
    CONSTRAINT profiles_biography_check CHECK (pg_catalog.char_length(biography) BETWEEN 1 AND 2000)
);

COMMENT ON TABLE users.profiles IS 'What people tell about themselves';
COMMENT ON COLUMN users.profiles.avatar_url IS 'Null shows the initials of the display name';

CREATE TRIGGER profiles_touch_updated_at
    BEFORE UPDATE ON users.profiles
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
