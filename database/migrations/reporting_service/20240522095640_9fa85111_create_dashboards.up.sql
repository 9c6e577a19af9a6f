-- Dashboards of a tenant, and the widgets on a grid of twelve columns.
CREATE TYPE reporting.widget_kind AS ENUM ('number', 'line', 'bar', 'table', 'text');

COMMENT ON TYPE reporting.widget_kind IS 'How a widget is drawn';

CREATE TABLE reporting.dashboards (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    slug core.slug NOT NULL,
    name text NOT NULL,
    owner_id uuid,
    is_home boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT dashboards_pkey PRIMARY KEY (id),
    CONSTRAINT dashboards_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT dashboards_tenant_id_slug_key UNIQUE (tenant_id, slug),
    CONSTRAINT dashboards_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT dashboards_owner_id_fkey FOREIGN KEY (owner_id)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT dashboards_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100)
);

COMMENT ON TABLE reporting.dashboards IS 'Pages of widgets';
COMMENT ON COLUMN reporting.dashboards.is_home IS 'Shown after sign-in';
COMMENT ON CONSTRAINT dashboards_tenant_id_id_key ON reporting.dashboards IS
    'For foreign keys that hold a widget in the tenant of its dashboard';

CREATE UNIQUE INDEX dashboards_one_home_idx ON reporting.dashboards (tenant_id)
    WHERE is_home;

COMMENT ON INDEX reporting.dashboards_one_home_idx IS 'A tenant has at most one home';

CREATE INDEX dashboards_owner_id_idx ON reporting.dashboards (owner_id);

CREATE TRIGGER dashboards_touch_updated_at
    BEFORE UPDATE ON reporting.dashboards
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE reporting.dashboards ENABLE ROW LEVEL SECURITY;

CREATE POLICY dashboards_isolation ON reporting.dashboards
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY dashboards_isolation ON reporting.dashboards IS 'A tenant sees and changes its own dashboards only';

CREATE TABLE reporting.widgets (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    dashboard_id uuid NOT NULL,
    kind reporting.widget_kind NOT NULL,
    title text NOT NULL,
    kpi_id uuid,
    body text,
    grid_column int NOT NULL DEFAULT 1,
    grid_row int NOT NULL,
    width int NOT NULL DEFAULT 4,
    height int NOT NULL DEFAULT 2,
    CONSTRAINT widgets_pkey PRIMARY KEY (id),
    CONSTRAINT widgets_dashboard_id_grid_row_grid_column_key
        UNIQUE (dashboard_id, grid_row, grid_column) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT widgets_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT widgets_tenant_id_dashboard_id_fkey FOREIGN KEY (tenant_id, dashboard_id)
        REFERENCES reporting.dashboards (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT widgets_kpi_id_fkey FOREIGN KEY (kpi_id)
        REFERENCES reporting.kpi_definitions (id),
    CONSTRAINT widgets_title_check CHECK (pg_catalog.char_length(title) BETWEEN 1 AND 100),
    CONSTRAINT widgets_content_check CHECK (
        CASE kind
            WHEN 'text' THEN body IS NOT NULL AND kpi_id IS NULL
            ELSE body IS NULL AND kpi_id IS NOT NULL
        END
    ),
    CONSTRAINT widgets_grid_check CHECK (
        grid_column >= 1 AND grid_row >= 1 AND width >= 1 AND grid_column + width <= 13
        AND height BETWEEN 1 AND 12
    )
);

COMMENT ON TABLE reporting.widgets IS 'What a dashboard shows';
COMMENT ON COLUMN reporting.widgets.grid_column IS 'First of the columns that the widget covers, from 1 to 12';
COMMENT ON CONSTRAINT widgets_tenant_id_fkey ON reporting.widgets IS
    'Besides the one to the dashboard: a tenant''s widgets go together with its key figures, not after them';
COMMENT ON CONSTRAINT widgets_dashboard_id_grid_row_grid_column_key ON reporting.widgets IS
    'Deferred, so that two widgets can swap places in one transaction';

CREATE INDEX widgets_tenant_id_dashboard_id_idx ON reporting.widgets (tenant_id, dashboard_id);

CREATE INDEX widgets_kpi_id_idx ON reporting.widgets (kpi_id);

ALTER TABLE reporting.widgets ENABLE ROW LEVEL SECURITY;

CREATE POLICY widgets_isolation ON reporting.widgets
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY widgets_isolation ON reporting.widgets IS 'A tenant sees and changes its own widgets only';
