-- Removes the functions of the outbox.
DROP FUNCTION notification.finish_attempt(uuid, text, int, text);

DROP FUNCTION notification.retry_delay(int);

DROP FUNCTION notification.claim_deliveries(text, int, interval);
