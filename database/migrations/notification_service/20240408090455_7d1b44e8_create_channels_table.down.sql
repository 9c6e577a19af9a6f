-- Removes the channels.
DROP TABLE notification.channels;

DROP TYPE notification.channel_kind;
