-- Environments, and the build that runs in each now.
CREATE TYPE platform.deployment_status AS ENUM ('pending', 'live', 'replaced', 'failed');

COMMENT ON TYPE platform.deployment_status IS 'pending, then live until replaced, or failed';

CREATE TABLE platform.environments (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    slug core.slug NOT NULL,
    is_production boolean NOT NULL DEFAULT false,
    url core.url,
    variables jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT environments_pkey PRIMARY KEY (id),
    CONSTRAINT environments_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT environments_project_id_slug_key UNIQUE (project_id, slug),
    CONSTRAINT environments_tenant_id_project_id_fkey FOREIGN KEY (tenant_id, project_id)
        REFERENCES platform.projects (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT environments_variables_check CHECK (pg_catalog.jsonb_typeof(variables) = 'object')
);

COMMENT ON TABLE platform.environments IS 'Places where a project runs';
COMMENT ON COLUMN platform.environments.variables IS 'Configuration in clear; secrets are kept elsewhere';

CREATE INDEX environments_tenant_id_project_id_idx ON platform.environments (tenant_id, project_id);

CREATE TRIGGER environments_touch_updated_at
    BEFORE UPDATE ON platform.environments
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE platform.environments ENABLE ROW LEVEL SECURITY;

CREATE POLICY environments_isolation ON platform.environments
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY environments_isolation ON platform.environments IS 'A tenant sees and changes its own environments only';

CREATE TABLE platform.deployments (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    build_id uuid NOT NULL,
    status platform.deployment_status NOT NULL DEFAULT 'pending',
    deployed_by uuid,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    finished_at timestamptz,
    CONSTRAINT deployments_pkey PRIMARY KEY (id),
    CONSTRAINT deployments_tenant_id_environment_id_fkey FOREIGN KEY (tenant_id, environment_id)
        REFERENCES platform.environments (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT deployments_tenant_id_build_id_fkey FOREIGN KEY (tenant_id, build_id)
        REFERENCES platform.builds (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT deployments_deployed_by_fkey FOREIGN KEY (deployed_by)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT deployments_finished_at_check CHECK ((status = 'pending') = (finished_at IS NULL))
);

COMMENT ON TABLE platform.deployments IS 'Builds brought to environments';
COMMENT ON COLUMN platform.deployments.finished_at IS 'When the deployment went live or failed';

CREATE UNIQUE INDEX deployments_one_live_idx ON platform.deployments (environment_id)
    WHERE status = 'live';

COMMENT ON INDEX platform.deployments_one_live_idx IS 'One build runs in an environment';

CREATE UNIQUE INDEX deployments_one_pending_idx ON platform.deployments (environment_id)
    WHERE status = 'pending';

COMMENT ON INDEX platform.deployments_one_pending_idx IS 'Deployments to an environment happen one after the other';

CREATE INDEX deployments_tenant_id_environment_id_idx ON platform.deployments (tenant_id, environment_id);

CREATE INDEX deployments_tenant_id_build_id_idx ON platform.deployments (tenant_id, build_id);

CREATE INDEX deployments_deployed_by_idx ON platform.deployments (deployed_by);

CREATE TRIGGER deployments_record_change
    AFTER INSERT OR UPDATE OR DELETE ON platform.deployments
    FOR EACH ROW EXECUTE FUNCTION core.record_change();

ALTER TABLE platform.deployments ENABLE ROW LEVEL SECURITY;

CREATE POLICY deployments_isolation ON platform.deployments
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY deployments_isolation ON platform.deployments IS 'A tenant sees and changes its own deployments only';
