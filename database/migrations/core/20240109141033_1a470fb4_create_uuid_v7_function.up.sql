-- Keys that grow with time are inserted at the right end of a B-tree. Servers
-- before 18 have no function uuidv7().
CREATE FUNCTION core.uuid_v7() RETURNS uuid
LANGUAGE plpgsql
VOLATILE
PARALLEL SAFE
SET search_path = ''
AS $$
DECLARE
    microseconds bigint := pg_catalog.floor(
        EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000000
    );
    -- RFC 9562, 6.2, method 3: the 12 bits after the version hold the fraction
    -- of the millisecond. 28672 is the version, 7, in the upper four bits.
    fraction int := (microseconds % 1000) * 4096 / 1000;
    random bytea := core.gen_random_bytes(8);
BEGIN
    random := pg_catalog.set_byte(random, 0, (pg_catalog.get_byte(random, 0) & 63) | 128);

    RETURN pg_catalog.encode(
        pg_catalog.substring(pg_catalog.int8send(microseconds / 1000), 3)
            || pg_catalog.int2send((28672 + fraction)::smallint)
            || random,
        'hex'
    )::uuid;
END;
$$;

COMMENT ON FUNCTION core.uuid_v7() IS
    'A version 7 UUID: ordered by time to the microsecond, random beyond that';

CREATE FUNCTION core.uuid_v7_time(id uuid) RETURNS timestamptz
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = ''
AS $$
    SELECT pg_catalog.to_timestamp(
        ('x' || pg_catalog.left(pg_catalog.replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0
    );
$$;

COMMENT ON FUNCTION core.uuid_v7_time(uuid) IS
    'The millisecond at which a version 7 UUID was made; meaningless for any other version';
