//! What a table has: triggers, rules, policies, partitions, options.

use super::{Planted, TABLE};

pub(super) const FAULTS: &[(&str, Planted)] = &[
    (
        "trigger",
        Planted {
            given: TABLE,
            up: "CREATE TRIGGER same BEFORE UPDATE ON shop.orders FOR EACH ROW \
             EXECUTE FUNCTION suppress_redundant_updates_trigger();",
            down: "SELECT 1;",
            found: &["left behind: trigger same on shop.orders"],
        },
    ),
    (
        "trigger disabled",
        Planted {
            given: "CREATE TABLE shop.t (x int); CREATE TRIGGER same BEFORE UPDATE ON shop.t FOR EACH ROW \
                EXECUTE FUNCTION suppress_redundant_updates_trigger();",
            up: "ALTER TABLE shop.t DISABLE TRIGGER same;",
            down: "SELECT 1;",
            found: &["trigger same on shop.t"],
        },
    ),
    (
        "rule",
        Planted {
            given: TABLE,
            up: "CREATE RULE quiet AS ON DELETE TO shop.orders DO INSTEAD NOTHING;",
            down: "SELECT 1;",
            found: &["left behind: rule quiet on shop.orders"],
        },
    ),
    (
        "policy",
        Planted {
            given: "CREATE TABLE shop.p (x int); CREATE POLICY p ON shop.p USING (x = 1);",
            up: "ALTER POLICY p ON shop.p USING (x = 2);",
            down: "SELECT 1;",
            found: &["policy p on shop.p"],
        },
    ),
    (
        "row security",
        Planted {
            given: TABLE,
            up: "ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;",
            down: "SELECT 1;",
            found: &["table shop.orders: row security"],
        },
    ),
    (
        "partition",
        Planted {
            given: "CREATE TABLE shop.h (x int) PARTITION BY RANGE (x); \
                CREATE TABLE shop.h1 PARTITION OF shop.h FOR VALUES FROM (0) TO (10);",
            up: "ALTER TABLE shop.h DETACH PARTITION shop.h1;",
            down: "ALTER TABLE shop.h ATTACH PARTITION shop.h1 FOR VALUES FROM (0) TO (11);",
            found: &["table shop.h1: partition"],
        },
    ),
    (
        "inheritance",
        Planted {
            given: "CREATE TABLE shop.parent (x int); CREATE TABLE shop.child (x int);",
            up: "ALTER TABLE shop.child INHERIT shop.parent;",
            down: "SELECT 1;",
            found: &["shop.child"],
        },
    ),
    (
        "storage option",
        Planted {
            given: TABLE,
            up: "ALTER TABLE shop.orders SET (fillfactor = 50);",
            down: "ALTER TABLE shop.orders SET (fillfactor = 100);",
            found: &["table shop.orders"],
        },
    ),
    (
        "replica identity",
        Planted {
            given: TABLE,
            up: "ALTER TABLE shop.orders REPLICA IDENTITY FULL;",
            down: "SELECT 1;",
            found: &["table shop.orders: replica identity"],
        },
    ),
];
