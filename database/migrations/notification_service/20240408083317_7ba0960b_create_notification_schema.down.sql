-- Removes the schema of the notification service.
DROP SCHEMA notification;
