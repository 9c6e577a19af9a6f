-- The projects of a tenant.
CREATE TABLE platform.projects (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    slug core.slug NOT NULL,
    name text NOT NULL,
    template_version_id uuid,
    parameters jsonb NOT NULL DEFAULT '{}',
    status core.lifecycle_status NOT NULL DEFAULT 'active',
    last_build_number int NOT NULL DEFAULT 0,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT projects_pkey PRIMARY KEY (id),
    CONSTRAINT projects_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT projects_tenant_id_slug_key UNIQUE (tenant_id, slug),
    CONSTRAINT projects_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT projects_template_version_id_fkey FOREIGN KEY (template_version_id)
        REFERENCES platform.template_versions (id),
    CONSTRAINT projects_created_by_fkey FOREIGN KEY (created_by)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT projects_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT projects_parameters_check CHECK (pg_catalog.jsonb_typeof(parameters) = 'object'),
    CONSTRAINT projects_last_build_number_check CHECK (last_build_number >= 0)
);

COMMENT ON TABLE platform.projects IS 'Projects of tenants';
COMMENT ON COLUMN platform.projects.template_version_id IS 'What it was generated from; null for a project that was imported';
COMMENT ON COLUMN platform.projects.parameters IS 'What the generator was told';
COMMENT ON COLUMN platform.projects.last_build_number IS 'Counted here, so that numbers of builds have no gaps';
COMMENT ON CONSTRAINT projects_tenant_id_id_key ON platform.projects IS
    'For foreign keys that hold what belongs to a project in the project''s tenant';

CREATE INDEX projects_template_version_id_idx ON platform.projects (template_version_id);

CREATE INDEX projects_created_by_idx ON platform.projects (created_by);

CREATE TRIGGER projects_touch_updated_at
    BEFORE UPDATE ON platform.projects
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE platform.projects ENABLE ROW LEVEL SECURITY;

CREATE POLICY projects_isolation ON platform.projects
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY projects_isolation ON platform.projects IS 'A tenant sees and changes its own projects only';
