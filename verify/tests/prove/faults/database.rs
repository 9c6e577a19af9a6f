//! Comments, privileges, owners, and objects of the whole database.

use super::{Planted, TABLE};

pub(super) const FAULTS: &[(&str, Planted)] = &[
    (
        "extension",
        Planted {
            given: "",
            up: "CREATE EXTENSION pg_trgm SCHEMA shop;",
            down: "SELECT 1;",
            found: &["left behind: extension pg_trgm"],
        },
    ),
    (
        "comment",
        Planted {
            given: "CREATE TABLE shop.n (x int); COMMENT ON COLUMN shop.n.x IS 'one';",
            up: "COMMENT ON COLUMN shop.n.x IS 'two';",
            down: "COMMENT ON COLUMN shop.n.x IS NULL;",
            found: &["column shop.n.x: comment"],
        },
    ),
    (
        "privileges",
        Planted {
            given: TABLE,
            up: "GRANT SELECT ON shop.orders TO PUBLIC;",
            down: "SELECT 1;",
            found: &["table shop.orders: privileges"],
        },
    ),
    (
        "column privileges",
        Planted {
            given: TABLE,
            up: "GRANT UPDATE (note) ON shop.orders TO PUBLIC;",
            down: "SELECT 1;",
            found: &["shop.orders"],
        },
    ),
    (
        "default privileges",
        Planted {
            given: "",
            up: "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;",
            down: "SELECT 1;",
            found: &["left behind: default privileges"],
        },
    ),
    (
        "owner",
        Planted {
            given: TABLE,
            up: "ALTER TABLE shop.orders OWNER TO pg_monitor;",
            down: "SELECT 1;",
            found: &["table shop.orders: owner"],
        },
    ),
    (
        "publication",
        Planted {
            given: TABLE,
            up: "CREATE PUBLICATION changes FOR TABLE shop.orders;",
            down: "SELECT 1;",
            found: &["left behind: publication changes"],
        },
    ),
    (
        "event trigger",
        Planted {
            given: "CREATE FUNCTION shop.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';",
            up: "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION shop.watch();",
            down: "SELECT 1;",
            found: &["left behind: event trigger watch"],
        },
    ),
    (
        "extended statistics",
        Planted {
            given: TABLE,
            up: "CREATE STATISTICS shop.pair ON id, note FROM shop.orders;",
            down: "SELECT 1;",
            found: &["left behind: statistics shop.pair"],
        },
    ),
    (
        "foreign server",
        Planted {
            given: "CREATE FOREIGN DATA WRAPPER w;",
            up: "CREATE SERVER far FOREIGN DATA WRAPPER w;",
            down: "SELECT 1;",
            found: &["left behind: server far"],
        },
    ),
    (
        "foreign table",
        Planted {
            given: "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;",
            up: "CREATE FOREIGN TABLE shop.far (x int) SERVER far;",
            down: "SELECT 1;",
            found: &["left behind: foreign table shop.far"],
        },
    ),
    (
        "user mapping",
        Planted {
            given: "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;",
            up: "CREATE USER MAPPING FOR PUBLIC SERVER far;",
            down: "SELECT 1;",
            found: &["left behind: user mapping"],
        },
    ),
    (
        "cast",
        Planted {
            given: "CREATE TYPE shop.t AS (a int); CREATE FUNCTION shop.as_text(shop.t) RETURNS text \
                LANGUAGE sql IMMUTABLE AS 'SELECT 1::text';",
            up: "CREATE CAST (shop.t AS text) WITH FUNCTION shop.as_text(shop.t);",
            down: "SELECT 1;",
            found: &["left behind: cast"],
        },
    ),
    (
        "text search configuration",
        Planted {
            given: "",
            up: "CREATE TEXT SEARCH CONFIGURATION shop.plain (COPY = simple);",
            down: "SELECT 1;",
            found: &["left behind: text search configuration shop.plain"],
        },
    ),
    (
        "database setting",
        Planted {
            given: "",
            up: "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''1MB''', current_database()); END $$;",
            down: "SELECT 1;",
            found: &["database: setting work_mem"],
        },
    ),
];
