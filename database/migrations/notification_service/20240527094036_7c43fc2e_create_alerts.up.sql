-- Alerts on key figures: one message for each crossing of a limit.
CREATE TABLE notification.alert_rules (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    name text NOT NULL,
    metric core.slug NOT NULL,
    comparison text NOT NULL,
    threshold numeric NOT NULL,
    hold_for interval NOT NULL DEFAULT INTERVAL '5 minutes',
    is_enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT alert_rules_pkey PRIMARY KEY (id),
    CONSTRAINT alert_rules_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT alert_rules_tenant_id_name_key UNIQUE (tenant_id, name),
    CONSTRAINT alert_rules_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES tenant.tenants (id) ON DELETE CASCADE,
    CONSTRAINT alert_rules_tenant_id_channel_id_fkey FOREIGN KEY (tenant_id, channel_id)
        REFERENCES notification.channels (tenant_id, id),
    CONSTRAINT alert_rules_name_check CHECK (pg_catalog.char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT alert_rules_comparison_check CHECK (comparison IN ('<', '<=', '>', '>=')),
    CONSTRAINT alert_rules_hold_for_check CHECK (hold_for BETWEEN INTERVAL '0' AND INTERVAL '1 day')
);

COMMENT ON TABLE notification.alert_rules IS 'When to raise an alert, and where to send it';
COMMENT ON COLUMN notification.alert_rules.metric IS 'Code of the figure that is watched';
COMMENT ON COLUMN notification.alert_rules.comparison IS 'How the figure stands to the threshold while it is wrong';
COMMENT ON COLUMN notification.alert_rules.hold_for IS 'How long it must be wrong before anybody is told';

CREATE INDEX alert_rules_tenant_id_channel_id_idx ON notification.alert_rules (tenant_id, channel_id);

CREATE TRIGGER alert_rules_touch_updated_at
    BEFORE UPDATE ON notification.alert_rules
    FOR EACH ROW EXECUTE FUNCTION core.touch_updated_at();

ALTER TABLE notification.alert_rules ENABLE ROW LEVEL SECURITY;

CREATE POLICY alert_rules_isolation ON notification.alert_rules
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY alert_rules_isolation ON notification.alert_rules IS 'A tenant sees and changes its own rules only';

CREATE TABLE notification.alerts (
    id uuid NOT NULL DEFAULT core.uuid_v7(),
    tenant_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    value numeric NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    CONSTRAINT alerts_pkey PRIMARY KEY (id),
    CONSTRAINT alerts_tenant_id_rule_id_fkey FOREIGN KEY (tenant_id, rule_id)
        REFERENCES notification.alert_rules (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT alerts_acknowledged_by_fkey FOREIGN KEY (acknowledged_by)
        REFERENCES users.users (id) ON DELETE SET NULL,
    CONSTRAINT alerts_acknowledged_at_check CHECK (
        acknowledged_at >= opened_at AND (acknowledged_by IS NULL OR acknowledged_at IS NOT NULL)
    ),
    CONSTRAINT alerts_resolved_at_check CHECK (resolved_at >= opened_at)
);

COMMENT ON TABLE notification.alerts IS 'Times when a rule was broken';
COMMENT ON COLUMN notification.alerts.value IS 'The figure when the alert was opened';
COMMENT ON COLUMN notification.alerts.acknowledged_by IS 'Who looks after it; null again once that person is gone';

CREATE UNIQUE INDEX alerts_one_open_idx ON notification.alerts (rule_id)
    WHERE resolved_at IS NULL;

COMMENT ON INDEX notification.alerts_one_open_idx IS 'A rule that stays broken opens no second alert';

CREATE INDEX alerts_tenant_id_rule_id_opened_at_idx ON notification.alerts (tenant_id, rule_id, opened_at);

CREATE INDEX alerts_acknowledged_by_idx ON notification.alerts (acknowledged_by);

ALTER TABLE notification.alerts ENABLE ROW LEVEL SECURITY;

CREATE POLICY alerts_isolation ON notification.alerts
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY alerts_isolation ON notification.alerts IS 'A tenant sees and changes its own alerts only';
