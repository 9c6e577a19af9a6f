-- Removes the outbox.
DROP TABLE notification.delivery_attempts;

DROP TABLE notification.deliveries;

DROP TYPE notification.delivery_status;
