-- The schema of the notification service.
CREATE SCHEMA notification;

COMMENT ON SCHEMA notification IS 'Channels, message templates, deliveries and alerts';
