-- Programs that turn a template and its parameters into a project's files.
CREATE TABLE platform.generators (
    code core.slug NOT NULL,
    name text NOT NULL,
    image text NOT NULL,
    status core.lifecycle_status NOT NULL DEFAULT 'draft',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT generators_pkey PRIMARY KEY (code),
    CONSTRAINT generators_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT generators_image_check CHECK (image ~ '^[a-z0-9][a-z0-9./_-]*:[A-Za-z0-9._-]+$')
);

COMMENT ON TABLE platform.generators IS 'Generators that templates can use';
COMMENT ON COLUMN platform.generators.image IS 'Container image with its tag; latest is as good as none';

CREATE TRIGGER generators_touch_updated_at
    BEFORE UPDATE ON platform.generators
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();
