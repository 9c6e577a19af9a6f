//! Sequences, views, routines and types.

use super::Planted;

pub(super) const FAULTS: &[(&str, Planted)] = &[
    (
        "sequence",
        Planted {
            given: "CREATE SEQUENCE shop.s INCREMENT 10;",
            up: "DROP SEQUENCE shop.s;",
            down: "CREATE SEQUENCE shop.s;",
            found: &["sequence shop.s: increment"],
        },
    ),
    (
        "view",
        Planted {
            given: "CREATE VIEW shop.w AS SELECT 1 AS a;",
            up: "CREATE OR REPLACE VIEW shop.w AS SELECT 2 AS a;",
            down: "SELECT 1;",
            found: &["view shop.w: definition"],
        },
    ),
    (
        "materialised view",
        Planted {
            given: "",
            up: "CREATE MATERIALIZED VIEW shop.m AS SELECT 1 AS a;",
            down: "SELECT 1;",
            found: &["left behind: materialised view shop.m"],
        },
    ),
    (
        "function body",
        Planted {
            given: "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            up: "CREATE OR REPLACE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 2';",
            down: "CREATE OR REPLACE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 3';",
            found: &["function shop.f(): body"],
        },
    ),
    (
        "function volatility",
        Planted {
            given: "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            up: "ALTER FUNCTION shop.f() IMMUTABLE;",
            down: "ALTER FUNCTION shop.f() STABLE;",
            found: &["function shop.f(): volatility"],
        },
    ),
    (
        "function security",
        Planted {
            given: "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            up: "ALTER FUNCTION shop.f() SECURITY DEFINER;",
            down: "SELECT 1;",
            found: &["function shop.f(): security"],
        },
    ),
    (
        "function settings",
        Planted {
            given: "CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            up: "ALTER FUNCTION shop.f() SET work_mem = '1MB';",
            down: "SELECT 1;",
            found: &["function shop.f(): settings"],
        },
    ),
    (
        "function overload",
        Planted {
            given: "CREATE FUNCTION shop.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
            up: "CREATE FUNCTION shop.f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
            down: "DROP FUNCTION shop.f(int);",
            found: &[
                "left behind: function shop.f(text)",
                "not there again: function shop.f(integer)",
            ],
        },
    ),
    (
        "procedure",
        Planted {
            given: "",
            up: "CREATE PROCEDURE shop.p() LANGUAGE sql AS 'SELECT 1';",
            down: "SELECT 1;",
            found: &["left behind: procedure shop.p()"],
        },
    ),
    (
        "aggregate",
        Planted {
            given: "",
            up: "CREATE AGGREGATE shop.total(int) (sfunc = int4pl, stype = int, initcond = '0');",
            down: "SELECT 1;",
            found: &["left behind: aggregate shop.total(integer)"],
        },
    ),
    (
        "operator",
        Planted {
            given: "",
            up: "CREATE OPERATOR shop.<<< (leftarg = int, rightarg = int, function = int4pl);",
            down: "SELECT 1;",
            found: &["left behind: operator shop.<<<"],
        },
    ),
    (
        "composite type",
        Planted {
            given: "CREATE TYPE shop.t AS (a int);",
            up: "ALTER TYPE shop.t ADD ATTRIBUTE b text;",
            down: "SELECT 1;",
            found: &["shop.t"],
        },
    ),
    (
        "range type",
        Planted {
            given: "",
            up: "CREATE TYPE shop.r AS RANGE (subtype = int);",
            down: "SELECT 1;",
            found: &["left behind: type shop.r"],
        },
    ),
    (
        "domain",
        Planted {
            given: "CREATE DOMAIN shop.d AS text CONSTRAINT d_check CHECK (VALUE <> '');",
            up: "ALTER DOMAIN shop.d DROP CONSTRAINT d_check;",
            down: "SELECT 1;",
            found: &["shop.d"],
        },
    ),
    (
        "enum label order",
        Planted {
            given: "CREATE TYPE shop.e AS ENUM ('a', 'b');",
            up: "DROP TYPE shop.e;",
            down: "CREATE TYPE shop.e AS ENUM ('b', 'a');",
            found: &["type shop.e: labels"],
        },
    ),
];
