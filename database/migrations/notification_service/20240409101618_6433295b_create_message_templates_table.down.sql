-- Removes the texts of messages.
DROP TABLE notification.message_templates;
