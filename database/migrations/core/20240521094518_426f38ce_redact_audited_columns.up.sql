-- Tables with secrets also need an audit log. The trigger's arguments now name
-- the columns whose values are not logged.
CREATE OR REPLACE FUNCTION core.record_change() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = ''
AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
    row_id text;
    secret text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        old_row := pg_catalog.to_jsonb(OLD);
    END IF;

    IF TG_OP <> 'DELETE' THEN
        new_row := pg_catalog.to_jsonb(NEW);
    END IF;

    -- Compared before redaction: a changed secret is a change.
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

    IF TG_NARGS > 0 THEN
        FOREACH secret IN ARRAY TG_ARGV LOOP
            old_row := pg_catalog.jsonb_set(old_row, ARRAY[secret], '"redacted"', false);
            new_row := pg_catalog.jsonb_set(new_row, ARRAY[secret], '"redacted"', false);
        END LOOP;
    END IF;

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
    'Writes a row''s change to the audit log, without the values of the columns given as arguments; for triggers AFTER INSERT OR UPDATE OR DELETE, FOR EACH ROW';
