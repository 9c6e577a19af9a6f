//! What a run records in the history, and how the history is read.

mod differs;
mod recorded;
mod tables;

use crate::support::Script;

const TWO: [Script<'static>; 3] = [
    ("core", 1, "CREATE TABLE a (id int);", "DROP TABLE a;"),
    ("core", 2, "CREATE TABLE b (id int);", "DROP TABLE b;"),
    (
        "tenant",
        3,
        "-- migrator: requires core/20240101000002\nCREATE TABLE c (id int);",
        "DROP TABLE c;",
    ),
];

const TABLES: &str = "SELECT relname FROM pg_class \
                      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
