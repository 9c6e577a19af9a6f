-- migrator: allow M0217 because the backfill of every row has the same lock for longer
-- migrator: allow M0225 because the backfill of every row has the same lock for longer
-- The name for sorting lists of people. Its default is the display name in lower
-- case.
ALTER TABLE users.users
    ADD COLUMN sort_name text;

COMMENT ON COLUMN users.users.sort_name IS 'Where the person stands in lists; set from the display name if nobody chooses it';

SET LOCAL app.keep_updated_at = 'on';

UPDATE users.users
SET sort_name = pg_catalog.lower(display_name);

SET LOCAL app.keep_updated_at = 'off';

ALTER TABLE users.users
    ALTER COLUMN sort_name SET NOT NULL,
    ADD CONSTRAINT users_sort_name_check CHECK (pg_catalog.char_length(sort_name) BETWEEN 1 AND 200);

CREATE FUNCTION users.fill_sort_name() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.sort_name := COALESCE(NEW.sort_name, pg_catalog.lower(NEW.display_name));
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION users.fill_sort_name() IS 'Sets sort_name from the display name unless it is given';

CREATE TRIGGER users_fill_sort_name
    BEFORE INSERT OR UPDATE OF sort_name ON users.users
    FOR EACH ROW EXECUTE FUNCTION users.fill_sort_name();
