-- Definitions of key figures, which dashboards, reports and alerts share.
CREATE TYPE reporting.aggregation AS ENUM ('count', 'sum', 'average', 'minimum', 'maximum', 'distinct_users');

COMMENT ON TYPE reporting.aggregation IS 'How events become one number';

CREATE TABLE reporting.kpi_definitions (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid,
    code core.slug NOT NULL,
    name text NOT NULL,
    event_name text NOT NULL,
    aggregation reporting.aggregation NOT NULL,
    unit text NOT NULL DEFAULT '',
    higher_is_better boolean NOT NULL DEFAULT true,
    target numeric,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT kpi_definitions_pkey PRIMARY KEY (id),
    CONSTRAINT kpi_definitions_tenant_id_code_key UNIQUE (tenant_id, code),
    CONSTRAINT kpi_definitions_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT kpi_definitions_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT kpi_definitions_event_name_check CHECK (event_name ~ '^[a-z][a-z_]*\.[a-z][a-z_]*$'),
    CONSTRAINT kpi_definitions_unit_check CHECK (pg_catalog.char_length(unit) <= 20)
);

COMMENT ON TABLE reporting.kpi_definitions IS 'Key figures over events';
COMMENT ON COLUMN reporting.kpi_definitions.tenant_id IS 'Null for the platform''s own, which every tenant may use';
COMMENT ON COLUMN reporting.kpi_definitions.target IS 'Drawn as a line; null draws none';

CREATE UNIQUE INDEX kpi_definitions_platform_code_idx ON reporting.kpi_definitions (code)
    WHERE tenant_id IS NULL;

COMMENT ON INDEX reporting.kpi_definitions_platform_code_idx IS 'A code means one key figure of the platform';

CREATE TRIGGER kpi_definitions_touch_updated_at
    BEFORE UPDATE ON reporting.kpi_definitions
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE reporting.kpi_definitions ENABLE ROW LEVEL SECURITY;

CREATE POLICY kpi_definitions_visibility ON reporting.kpi_definitions
    FOR SELECT
    USING (tenant_id IS NULL);

COMMENT ON POLICY kpi_definitions_visibility ON reporting.kpi_definitions IS 'Everybody sees the key figures of the platform';

CREATE POLICY kpi_definitions_isolation ON reporting.kpi_definitions
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY kpi_definitions_isolation ON reporting.kpi_definitions IS 'A tenant sees and changes its own key figures';

CREATE FUNCTION reporting.kpi_value(kpi_id uuid, since timestamptz, until timestamptz) RETURNS numeric
LANGUAGE sql
STABLE
SET search_path = ''
AS $$
    SELECT CASE k.aggregation
        WHEN 'count' THEN pg_catalog.count(e.id)
        WHEN 'sum' THEN COALESCE(pg_catalog.sum(e.value), 0)
        WHEN 'average' THEN pg_catalog.avg(e.value)
        WHEN 'minimum' THEN pg_catalog.min(e.value)
        WHEN 'maximum' THEN pg_catalog.max(e.value)
        WHEN 'distinct_users' THEN pg_catalog.count(DISTINCT e.user_id)
    END
    FROM reporting.kpi_definitions AS k
    LEFT JOIN reporting.events AS e ON e.name = k.event_name
        AND e.tenant_id = core.current_tenant_id()
        AND e.occurred_at >= since
        AND e.occurred_at < until
    WHERE k.id = kpi_id
    GROUP BY k.id;
$$;

COMMENT ON FUNCTION reporting.kpi_value(uuid, timestamptz, timestamptz) IS
    'A key figure of the current tenant over a span of time, the end excluded; null if no event has a value';
