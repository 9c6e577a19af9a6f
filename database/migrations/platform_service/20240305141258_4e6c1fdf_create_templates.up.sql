-- Templates of projects. A published version never changes, so that a project
-- can be generated again.
CREATE TABLE platform.templates (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid,
    generator_code core.slug NOT NULL,
    slug core.slug NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    status core.lifecycle_status NOT NULL DEFAULT 'draft',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT templates_pkey PRIMARY KEY (id),
    CONSTRAINT templates_tenant_id_slug_key UNIQUE (tenant_id, slug),
    CONSTRAINT templates_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT templates_generator_code_fkey FOREIGN KEY (generator_code)
        REFERENCES platform.generators (code),
    CONSTRAINT templates_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT templates_description_check CHECK (pg_catalog.char_length(description) <= 2000)
);

COMMENT ON TABLE platform.templates IS 'Starting points of projects';
COMMENT ON COLUMN platform.templates.tenant_id IS 'Null for the platform''s own, which every tenant may use';

CREATE UNIQUE INDEX templates_platform_slug_idx ON platform.templates (slug)
    WHERE tenant_id IS NULL;

COMMENT ON INDEX platform.templates_platform_slug_idx IS 'A slug means one template of the platform';

CREATE INDEX templates_generator_code_idx ON platform.templates (generator_code);

CREATE TRIGGER templates_touch_updated_at
    BEFORE UPDATE ON platform.templates
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE platform.templates ENABLE ROW LEVEL SECURITY;

CREATE POLICY templates_visibility ON platform.templates
    FOR SELECT
    USING (tenant_id IS NULL);

COMMENT ON POLICY templates_visibility ON platform.templates IS 'Everybody sees the templates of the platform';

CREATE POLICY templates_isolation ON platform.templates
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY templates_isolation ON platform.templates IS 'A tenant sees and changes its own templates';

CREATE TABLE platform.template_versions (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    template_id uuid NOT NULL,
    number int NOT NULL,
    source_url core.url NOT NULL,
    source_hash core.sha256 NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{}',
    published_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT template_versions_pkey PRIMARY KEY (id),
    CONSTRAINT template_versions_template_id_number_key UNIQUE (template_id, number),
    CONSTRAINT template_versions_template_id_fkey FOREIGN KEY (template_id)
        REFERENCES platform.templates (id) ON DELETE CASCADE,
    CONSTRAINT template_versions_number_check CHECK (number >= 1),
    CONSTRAINT template_versions_parameters_check CHECK (pg_catalog.jsonb_typeof(parameters) = 'object')
);

COMMENT ON TABLE platform.template_versions IS 'Versions of templates';
COMMENT ON COLUMN platform.template_versions.source_hash IS 'SHA-256 of the archive behind source_url';
COMMENT ON COLUMN platform.template_versions.parameters IS 'JSON Schema of what a project must tell the generator';
COMMENT ON COLUMN platform.template_versions.published_at IS 'From then on the version is frozen';

CREATE FUNCTION platform.refuse_published_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    RAISE EXCEPTION 'version % of template % is published', OLD.number, OLD.template_id
        USING ERRCODE = 'restrict_violation';
END;
$$;

COMMENT ON FUNCTION platform.refuse_published_change() IS 'Keeps published versions as they are';

CREATE TRIGGER template_versions_refuse_published_change
    BEFORE UPDATE ON platform.template_versions
    FOR EACH ROW
    WHEN (OLD.published_at IS NOT NULL)
    EXECUTE FUNCTION platform.refuse_published_change();

ALTER TABLE platform.template_versions ENABLE ROW LEVEL SECURITY;

-- The policies of templates also apply to the subquery.
CREATE POLICY template_versions_visibility ON platform.template_versions
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1
            FROM platform.templates AS t
            WHERE t.id = template_id
        )
    );

COMMENT ON POLICY template_versions_visibility ON platform.template_versions IS 'A version is seen by who sees its template';

CREATE POLICY template_versions_isolation ON platform.template_versions
    USING (
        EXISTS (
            SELECT 1
            FROM platform.templates AS t
            WHERE t.id = template_id
                AND t.tenant_id = (SELECT core.current_tenant_id())
        )
    );

COMMENT ON POLICY template_versions_isolation ON platform.template_versions IS 'A tenant changes versions of its own templates';
