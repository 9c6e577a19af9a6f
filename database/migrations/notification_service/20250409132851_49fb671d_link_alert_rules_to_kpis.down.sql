-- Removes the links; the rules still have the codes.
DROP INDEX notification.alert_rules_kpi_id_idx;

ALTER TABLE notification.alert_rules
    DROP CONSTRAINT alert_rules_kpi_id_fkey,
    DROP COLUMN kpi_id;
