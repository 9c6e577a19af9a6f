-- Removes the alerts with their rules.
DROP TABLE notification.alerts;

DROP TABLE notification.alert_rules;
