-- The current user, the current tenant, and the time of the last change. The row
-- policies and triggers of every service use these functions.
CREATE FUNCTION core.current_tenant_id() RETURNS uuid
LANGUAGE sql
STABLE
PARALLEL SAFE
SET search_path = ''
AS $$
    SELECT NULLIF(pg_catalog.current_setting('app.tenant_id', true), '')::uuid;
$$;

COMMENT ON FUNCTION core.current_tenant_id() IS
    'The tenant in the setting app.tenant_id; null, which no row policy lets through, if it is not set';

CREATE FUNCTION core.current_account_id() RETURNS uuid
LANGUAGE sql
STABLE
PARALLEL SAFE
SET search_path = ''
AS $$
    SELECT NULLIF(pg_catalog.current_setting('app.account_id', true), '')::uuid;
$$;

COMMENT ON FUNCTION core.current_account_id() IS
    'The account in the setting app.account_id; null if it is not set';

CREATE FUNCTION core.enter_tenant(tenant_id uuid, account_id uuid DEFAULT NULL) RETURNS void
LANGUAGE sql
VOLATILE
SET search_path = ''
AS $$
    SELECT pg_catalog.set_config('app.tenant_id', COALESCE(tenant_id::text, ''), true),
           pg_catalog.set_config('app.account_id', COALESCE(account_id::text, ''), true);
$$;

COMMENT ON FUNCTION core.enter_tenant(uuid, uuid) IS
    'Acts for a tenant and an account until the end of the transaction, so that a pooled connection carries neither away';

CREATE FUNCTION core.touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    IF pg_catalog.current_setting('app.keep_updated_at', true) = 'on' THEN
        RETURN NEW;
    END IF;

    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION core.touch_updated_at() IS
    'Sets updated_at before an update. A migration that rewrites rows sets app.keep_updated_at to on, so that it can be reverted exactly';
