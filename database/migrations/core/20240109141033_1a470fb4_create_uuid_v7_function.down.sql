-- Removes the key generator and its reader.
DROP FUNCTION core.uuid_v7_time(uuid);

DROP FUNCTION core.uuid_v7();
