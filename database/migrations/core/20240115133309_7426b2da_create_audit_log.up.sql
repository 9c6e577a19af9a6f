-- One log of changes for all services. A trigger adds a table to the log.
CREATE TABLE core.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    schema_name text NOT NULL,
    table_name text NOT NULL,
    operation text NOT NULL,
    row_id text,
    old_row jsonb,
    new_row jsonb,
    tenant_id uuid,
    account_id uuid,
    database_role text NOT NULL,
    transaction_id bigint NOT NULL DEFAULT pg_catalog.txid_current(),
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_operation_check CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    CONSTRAINT audit_log_rows_check CHECK (
        (operation = 'INSERT') = (old_row IS NULL) AND (operation = 'DELETE') = (new_row IS NULL)
    )
);

COMMENT ON TABLE core.audit_log IS 'What changed, when and by whom; rows are only ever added';
COMMENT ON COLUMN core.audit_log.row_id IS 'Primary key of the changed row as text, several columns with commas between';
COMMENT ON COLUMN core.audit_log.old_row IS 'The row before an update or a delete';
COMMENT ON COLUMN core.audit_log.new_row IS 'The row after an insert or an update';
COMMENT ON COLUMN core.audit_log.tenant_id IS 'The tenant acted for; no foreign key, for the log outlives the tenant';
COMMENT ON COLUMN core.audit_log.account_id IS 'The account that acted; no foreign key, for the log outlives the account';
COMMENT ON COLUMN core.audit_log.database_role IS 'The role that was logged in, whatever function did the work';
COMMENT ON COLUMN core.audit_log.transaction_id IS 'Groups what one transaction changed';

CREATE INDEX audit_log_tenant_id_changed_at_idx ON core.audit_log (tenant_id, changed_at);

-- Rows are inserted in the order of time, so a small BRIN index is sufficient.
CREATE INDEX audit_log_changed_at_idx ON core.audit_log USING brin (changed_at);

COMMENT ON INDEX core.audit_log_changed_at_idx IS 'For reports over a span of time, and for archiving';

CREATE FUNCTION core.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END;
$$;

COMMENT ON FUNCTION core.refuse_change() IS 'Makes a table append-only';

CREATE TRIGGER audit_log_refuse_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON core.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();

COMMENT ON TRIGGER audit_log_refuse_change ON core.audit_log IS 'Only the owner can lift this, and archiving does';

ALTER TABLE core.audit_log ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_log_visibility ON core.audit_log
    FOR SELECT
    USING (tenant_id = (SELECT core.current_tenant_id()));

COMMENT ON POLICY audit_log_visibility ON core.audit_log IS
    'A tenant sees its own changes; rows are written by the trigger function alone, which works as the owner';

CREATE FUNCTION core.record_change() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
    row_id text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        old_row := pg_catalog.to_jsonb(OLD);
    END IF;

    IF TG_OP <> 'DELETE' THEN
        new_row := pg_catalog.to_jsonb(NEW);
    END IF;

    IF old_row = new_row THEN
        RETURN NULL;
    END IF;

    row_id := (
        SELECT pg_catalog.string_agg(
            COALESCE(new_row, old_row) ->> a.attname::text, ',' ORDER BY k.place
        )
        FROM pg_catalog.pg_index AS i
        CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = TG_RELID
            AND i.indisprimary
    );

    INSERT INTO core.audit_log (
        schema_name, table_name, operation, row_id, old_row, new_row,
        tenant_id, account_id, database_role
    ) VALUES (
        TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP, row_id, old_row, new_row,
        core.current_tenant_id(), core.current_account_id(), SESSION_USER
    );

    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION core.record_change() IS
    'Writes a row''s change to the audit log; for triggers AFTER INSERT OR UPDATE OR DELETE, FOR EACH ROW';
