-- Removes the shared types.
DROP TYPE core.lifecycle_status;

DROP DOMAIN core.money;

DROP TYPE core.money_amount;
