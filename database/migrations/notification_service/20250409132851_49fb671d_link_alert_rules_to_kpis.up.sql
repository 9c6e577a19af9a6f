-- migrator: requires reporting/20240514131543
-- migrator: allow M0216 because a tenant has a handful of alert rules, so that the table is small
-- migrator: allow M0218 because the column is new and null in every row, so that nothing is looked up
-- Alert rules now refer to the definition of their key figure, not only to its
-- code. This script links the rules on the platform's key figures.
ALTER TABLE notification.alert_rules
    ADD COLUMN kpi_id uuid,
    ADD CONSTRAINT alert_rules_kpi_id_fkey FOREIGN KEY (kpi_id)
        REFERENCES reporting.kpi_definitions (id);

COMMENT ON COLUMN notification.alert_rules.kpi_id IS
    'The key figure that is watched; null for a figure of the monitoring, which has only a code';

SET LOCAL app.keep_updated_at = 'on';

UPDATE notification.alert_rules AS r
SET kpi_id = k.id
FROM reporting.kpi_definitions AS k
WHERE k.code = r.metric
    AND k.tenant_id IS NULL;

SET LOCAL app.keep_updated_at = 'off';

CREATE INDEX alert_rules_kpi_id_idx ON notification.alert_rules (kpi_id)
    WHERE kpi_id IS NOT NULL;
