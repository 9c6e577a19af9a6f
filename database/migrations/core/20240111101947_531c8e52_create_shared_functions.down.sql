-- Removes the shared functions.
DROP FUNCTION core.touch_updated_at();

DROP FUNCTION core.enter_tenant(uuid, uuid);

DROP FUNCTION core.current_account_id();

DROP FUNCTION core.current_tenant_id();
