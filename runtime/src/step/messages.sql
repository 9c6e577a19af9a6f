-- The messages that a run sends for one migration, whole. A test of the runtime compares
-- this file with what a server receives. Line breaks are added between statements and in
-- long lines; values that differ between runs are in brackets.


-- `up` of two migrations, each in a transaction. The second message is sent before the first has
-- answered, and begins with a check that the first is recorded.

-- message 1
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
CREATE TABLE b (id int);
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
SET LOCAL synchronous_commit = off;
WITH entry AS (INSERT INTO "migrator"."core_history" (version, name, applied_on, checksum,
    fingerprint, dirty, requires, depends_on, up_script, down_script) VALUES (20240101000002,
    $m$c000002a_m2$m$, pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '11633267062594880216', 'bd2a82c2a832753c', NULL,
    ARRAY[]::pg_catalog.text[], ARRAY[]::pg_catalog.text[], $m$CREATE TABLE b (id int);$m$, $m$DROP
    TABLE b;$m$) RETURNING version OPERATOR(pg_catalog.=) 20240101000002::pg_catalog.int8 AND
    checksum::pg_catalog.text OPERATOR(pg_catalog.=) '11633267062594880216' AND dirty IS NULL AS
    as_expected), event AS (INSERT INTO "migrator".event (kind, service, version, name, checksum,
    milliseconds, message, application, migrator_version) SELECT CASE WHEN
    pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL ELSE 'apply' END, $m$core$m$,
    20240101000002, $m$c000002a_m2$m$, $m$11633267062594880216$m$, pg_catalog.date_part('epoch',
    pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) OPERATOR(pg_catalog.*)
    1000, NULL, CASE WHEN pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.=) ''
    THEN $m$migrator$m$ ELSE pg_catalog.current_setting('application_name') END, '0.1.0' FROM entry
    WHERE entry.as_expected RETURNING version OPERATOR(pg_catalog.=) 20240101000002::pg_catalog.int8
    AS as_expected) SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE
    pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, CASE WHEN EXISTS (SELECT
    FROM entry WHERE entry.as_expected) THEN $mm$SELECT CASE WHEN pg_catalog.concat('migrator: ', 'a
    write of the history changed 0 rows of `', $m$migrator.event$m$, '` where 1 was expected', ';
    the table has the trigger ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator".event$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ ELSE $mm$SELECT CASE WHEN
    pg_catalog.concat('migrator: ', 'a write of the history changed 0 rows of `',
    $m$migrator.core_history$m$, '` where 1 was expected', '; the table has the trigger '
    OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator"."core_history"$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ END)) END FROM
    event WHERE event.as_expected;
COMMIT;

-- message 2
BEGIN;
SET LOCAL row_security = off;
SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM "migrator"."core_history" WHERE version
    OPERATOR(pg_catalog.=) 20240101000002::pg_catalog.int8;
COMMIT;
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
CREATE TABLE c (id int);
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
WITH entry AS (INSERT INTO "migrator"."core_history" (version, name, applied_on, checksum,
    fingerprint, dirty, requires, depends_on, up_script, down_script) VALUES (20240101000003,
    $m$c000003a_m3$m$, pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '17761169784421458339', '36e93bc1a464ba9f', NULL,
    ARRAY[]::pg_catalog.text[], ARRAY[]::pg_catalog.text[], $m$CREATE TABLE c (id int);$m$, $m$DROP
    TABLE c;$m$) RETURNING version OPERATOR(pg_catalog.=) 20240101000003::pg_catalog.int8 AND
    checksum::pg_catalog.text OPERATOR(pg_catalog.=) '17761169784421458339' AND dirty IS NULL AS
    as_expected), event AS (INSERT INTO "migrator".event (kind, service, version, name, checksum,
    milliseconds, message, application, migrator_version) SELECT CASE WHEN
    pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL ELSE 'apply' END, $m$core$m$,
    20240101000003, $m$c000003a_m3$m$, $m$17761169784421458339$m$, pg_catalog.date_part('epoch',
    pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) OPERATOR(pg_catalog.*)
    1000, NULL, CASE WHEN pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.=) ''
    THEN $m$migrator$m$ ELSE pg_catalog.current_setting('application_name') END, '0.1.0' FROM entry
    WHERE entry.as_expected RETURNING version OPERATOR(pg_catalog.=) 20240101000003::pg_catalog.int8
    AS as_expected) SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE
    pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, CASE WHEN EXISTS (SELECT
    FROM entry WHERE entry.as_expected) THEN $mm$SELECT CASE WHEN pg_catalog.concat('migrator: ', 'a
    write of the history changed 0 rows of `', $m$migrator.event$m$, '` where 1 was expected', ';
    the table has the trigger ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator".event$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ ELSE $mm$SELECT CASE WHEN
    pg_catalog.concat('migrator: ', 'a write of the history changed 0 rows of `',
    $m$migrator.core_history$m$, '` where 1 was expected', '; the table has the trigger '
    OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator"."core_history"$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ END)) END FROM
    event WHERE event.as_expected;
COMMIT;


-- `down` of one migration in a transaction.

-- message 1
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
DROP TABLE c;
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
WITH entry AS (DELETE FROM "migrator"."core_history" WHERE version OPERATOR(pg_catalog.=)
    20240101000003::pg_catalog.int8 RETURNING true AS as_expected), event AS (INSERT INTO
    "migrator".event (kind, service, version, name, checksum, milliseconds, message, application,
    migrator_version) SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL
    ELSE 'revert' END, $m$core$m$, 20240101000003, $m$c000003a_m3$m$, $m$17761169784421458339$m$,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
    pg_catalog.now()) OPERATOR(pg_catalog.*) 1000, NULL, CASE WHEN
    pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.=) '' THEN $m$migrator$m$
    ELSE pg_catalog.current_setting('application_name') END, '0.1.0' FROM entry WHERE
    entry.as_expected RETURNING version OPERATOR(pg_catalog.=) 20240101000003::pg_catalog.int8 AS
    as_expected) SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE
    pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, CASE WHEN EXISTS (SELECT
    FROM entry WHERE entry.as_expected) THEN $mm$SELECT CASE WHEN pg_catalog.concat('migrator: ', 'a
    write of the history changed 0 rows of `', $m$migrator.event$m$, '` where 1 was expected', ';
    the table has the trigger ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator".event$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ ELSE $mm$SELECT CASE WHEN
    pg_catalog.concat('migrator: ', 'a write of the history changed 0 rows of `',
    $m$migrator.core_history$m$, '` where 1 was expected', '; the table has the trigger '
    OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator"."core_history"$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ END)) END FROM
    event WHERE event.as_expected;
COMMIT;


-- `up` of one migration outside a transaction: a message marks its entry dirty, a check precedes
-- each statement, and a message records the end.

-- message 1
BEGIN;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
SET LOCAL synchronous_commit = local;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
SELECT 1 OPERATOR(pg_catalog./) COALESCE(CASE WHEN
    pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL ELSE 1 END, 0);
WITH entry AS (INSERT INTO "migrator"."core_history" (version, name, applied_on, checksum,
    fingerprint, dirty, requires, depends_on, up_script, down_script) VALUES (20240101000004,
    $m$c000004a_m4$m$, pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '12624483560757370080', '3aca7466a385eab7', $m$up$m$,
    ARRAY[]::pg_catalog.text[], ARRAY[]::pg_catalog.text[], $m$-- migrator: no-transaction
CREATE INDEX CONCURRENTLY i ON c (id);
VACUUM c;$m$, $m$DROP INDEX i;$m$) RETURNING version OPERATOR(pg_catalog.=)
    20240101000004::pg_catalog.int8 AND checksum::pg_catalog.text OPERATOR(pg_catalog.=)
    '12624483560757370080' AND dirty OPERATOR(pg_catalog.=) $m$up$m$ AS as_expected) SELECT CASE
    WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE
    pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, $mm$SELECT CASE WHEN
    pg_catalog.concat('migrator: ', 'a write of the history changed 0 rows of `',
    $m$migrator.core_history$m$, '` where 1 was expected', '; the table has the trigger '
    OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator"."core_history"$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$)) END FROM entry
    WHERE entry.as_expected;
SELECT 'mark', xmin::pg_catalog.text FROM "migrator"."core_history" WHERE version
    OPERATOR(pg_catalog.=) 20240101000004::pg_catalog.int8;
COMMIT;
SET lock_timeout = 0;
SET statement_timeout = 0;

-- message 2
BEGIN;
SET LOCAL role TO DEFAULT;
SELECT 1 OPERATOR(pg_catalog./) COALESCE(CASE WHEN
    pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL ELSE 1 END, 0);
SELECT pg_catalog.ln(pg_catalog.count(*)::pg_catalog.float8) FROM "migrator"."core_history" WHERE
    version OPERATOR(pg_catalog.=) 20240101000004::pg_catalog.int8 AND xmin OPERATOR(pg_catalog.=)
    $m$[transaction]$m$::pg_catalog.xid;
COMMIT;

-- message 3
CREATE INDEX CONCURRENTLY i ON c (id)

-- message 4
BEGIN;
SET LOCAL role TO DEFAULT;
SELECT 1 OPERATOR(pg_catalog./) COALESCE(CASE WHEN
    pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL ELSE 1 END, 0);
SELECT pg_catalog.ln(pg_catalog.count(*)::pg_catalog.float8) FROM "migrator"."core_history" WHERE
    version OPERATOR(pg_catalog.=) 20240101000004::pg_catalog.int8 AND xmin OPERATOR(pg_catalog.=)
    $m$[transaction]$m$::pg_catalog.xid;
COMMIT;

-- message 5
VACUUM c

-- message 6
BEGIN;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 0;
SET LOCAL row_security = off;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
SELECT 1 OPERATOR(pg_catalog./) COALESCE(CASE WHEN
    pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL ELSE 1 END, 0);
SELECT pg_catalog.ln(pg_catalog.count(*)::pg_catalog.float8) FROM "migrator"."core_history" WHERE
    version OPERATOR(pg_catalog.=) 20240101000004::pg_catalog.int8 AND xmin OPERATOR(pg_catalog.=)
    $m$[transaction]$m$::pg_catalog.xid;
WITH entry AS (UPDATE "migrator"."core_history" SET dirty = NULL WHERE version
    OPERATOR(pg_catalog.=) 20240101000004::pg_catalog.int8 RETURNING dirty IS NULL AS as_expected),
    event AS (INSERT INTO "migrator".event (kind, service, version, name, checksum, milliseconds,
    message, application, migrator_version) SELECT 'apply', $m$core$m$, 20240101000004,
    $m$c000004a_m4$m$, $m$12624483560757370080$m$, [milliseconds], NULL, CASE WHEN
    pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.=) '' THEN $m$migrator$m$
    ELSE pg_catalog.current_setting('application_name') END, '0.1.0' FROM entry WHERE
    entry.as_expected RETURNING version OPERATOR(pg_catalog.=) 20240101000004::pg_catalog.int8 AS
    as_expected) SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE
    pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, CASE WHEN EXISTS (SELECT
    FROM entry WHERE entry.as_expected) THEN $mm$SELECT CASE WHEN pg_catalog.concat('migrator: ', 'a
    write of the history changed 0 rows of `', $m$migrator.event$m$, '` where 1 was expected', ';
    the table has the trigger ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator".event$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ ELSE $mm$SELECT CASE WHEN
    pg_catalog.concat('migrator: ', 'a write of the history changed 0 rows of `',
    $m$migrator.core_history$m$, '` where 1 was expected', '; the table has the trigger '
    OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator"."core_history"$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ END)) END FROM
    event WHERE event.as_expected;
COMMIT;


-- `up` of four migrations, each in a transaction. The first message prepares the statement of the
-- entry and the event, and the second one prepares the check. The last message drops both.

-- message 1
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
CREATE TABLE d (id int);
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
SET LOCAL synchronous_commit = off;
PREPARE "migrator: [run] 1" (pg_catalog.int8, pg_catalog.text, pg_catalog.text, pg_catalog.text,
    pg_catalog.text[], pg_catalog.text, pg_catalog.text) AS WITH entry AS (INSERT INTO
    "migrator"."core_history" (version, name, applied_on, checksum, fingerprint, dirty, requires,
    depends_on, up_script, down_script) VALUES ($1, $2,
    pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), $3, $4, NULL, $5, ARRAY[]::pg_catalog.text[], $6, $7)
    RETURNING version OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AND checksum::pg_catalog.text
    OPERATOR(pg_catalog.=) $3 AND dirty IS NULL AS as_expected), event AS (INSERT INTO
    "migrator".event (kind, service, version, name, checksum, milliseconds, message, application,
    migrator_version) SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock_shared([lock]) THEN NULL
    ELSE 'apply' END, $m$core$m$, $1, $2, $3, pg_catalog.date_part('epoch',
    pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) OPERATOR(pg_catalog.*)
    1000, NULL, CASE WHEN pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.=) ''
    THEN $m$migrator$m$ ELSE pg_catalog.current_setting('application_name') END, '0.1.0' FROM entry
    WHERE entry.as_expected RETURNING version OPERATOR(pg_catalog.=) $1::pg_catalog.int8 AS
    as_expected) SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 ELSE
    pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, CASE WHEN EXISTS (SELECT
    FROM entry WHERE entry.as_expected) THEN $mm$SELECT CASE WHEN pg_catalog.concat('migrator: ', 'a
    write of the history changed 0 rows of `', $m$migrator.event$m$, '` where 1 was expected', ';
    the table has the trigger ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator".event$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ ELSE $mm$SELECT CASE WHEN
    pg_catalog.concat('migrator: ', 'a write of the history changed 0 rows of `',
    $m$migrator.core_history$m$, '` where 1 was expected', '; the table has the trigger '
    OPERATOR(pg_catalog.||) pg_catalog.string_agg(pg_catalog.concat('`',
    pg_catalog.quote_ident(t.tgname::pg_catalog.text), '`'), ', ' ORDER BY t.tgname),
    pg_catalog.chr(29))::pg_catalog.int4 IS NULL THEN NULL::pg_catalog.tsquery END,
    NULL::pg_catalog.tsquery FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=)
    $m$"migrator"."core_history"$m$::pg_catalog.regclass AND NOT t.tgisinternal$mm$ END)) END FROM
    event WHERE event.as_expected;
EXECUTE "migrator: [run] 1" (20240101000005, $m$c000005a_m5$m$, '15949770221658381000',
    '57a0fc45c48f771d', ARRAY[]::pg_catalog.text[], $m$CREATE TABLE d (id int);$m$, $m$DROP TABLE
    d;$m$);
COMMIT;

-- message 2
BEGIN;
SET LOCAL row_security = off;
PREPARE "migrator: [run] 2" (pg_catalog.int8) AS SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*)
    FROM "migrator"."core_history" WHERE version OPERATOR(pg_catalog.=) $1::pg_catalog.int8;
EXECUTE "migrator: [run] 2" (20240101000005);
COMMIT;
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
CREATE TABLE e (id int);
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
SET LOCAL synchronous_commit = off;
EXECUTE "migrator: [run] 1" (20240101000006, $m$c000006a_m6$m$, '18344244146916493066',
    '3e4059ac57e8fd00', ARRAY[]::pg_catalog.text[], $m$CREATE TABLE e (id int);$m$, $m$DROP TABLE
    e;$m$);
COMMIT;

-- message 3
BEGIN;
SET LOCAL row_security = off;
EXECUTE "migrator: [run] 2" (20240101000006);
COMMIT;
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
CREATE TABLE f (id int);
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
SET LOCAL synchronous_commit = off;
EXECUTE "migrator: [run] 1" (20240101000007, $m$c000007a_m7$m$, '1412131861711103088',
    '7fe699db3c2d3006', ARRAY[]::pg_catalog.text[], $m$CREATE TABLE f (id int);$m$, $m$DROP TABLE
    f;$m$);
COMMIT;

-- message 4
BEGIN;
SET LOCAL row_security = off;
EXECUTE "migrator: [run] 2" (20240101000007);
COMMIT;
BEGIN;
SET LOCAL lock_timeout = 5000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "migrator"."core_history" IN ROW EXCLUSIVE MODE;
CREATE TABLE g (id int);
;
SET SESSION AUTHORIZATION DEFAULT;
RESET ROLE;
RESET ALL;
SET standard_conforming_strings = on;
CLOSE ALL;
UNLISTEN *;
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT pg_catalog.pg_advisory_unlock_all();
SET LOCAL lock_timeout = 5000;
SET LOCAL row_security = off;
EXECUTE "migrator: [run] 1" (20240101000008, $m$c000008a_m8$m$, '11245186951296509686',
    '466d6bf040b9de39', ARRAY[]::pg_catalog.text[], $m$CREATE TABLE g (id int);$m$, $m$DROP TABLE
    g;$m$);
DEALLOCATE "migrator: [run] 1";
DEALLOCATE "migrator: [run] 2";
COMMIT;
