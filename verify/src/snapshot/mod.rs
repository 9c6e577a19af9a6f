//! What a database's catalog says, with names in place of oids.
//!
//! A [`Snapshot`](content::Snapshot) is taken in one message. Each query returns objects, a row an
//! object. The names of the columns are the names of the properties, and a NULL is a property that
//! is not set. The same text works on every major version: a query that reads a column which older
//! servers lack is a lateral subquery of `absent`, a row that has this column. In the subquery, an
//! unqualified name is the catalog's column where it exists, and the row's otherwise.
//!
//! Comments, security labels, privileges and settings come as rows of their own. The reader adds
//! them to the objects by address (catalog, oid, column).
//!
//! `verify` takes a snapshot after each script. It reads again only what the script changed
//! ([`follow`]), and now and then everything, as a proof that nothing was missed.
//!
//! How snapshots differ is left to [`compare`](crate::compare).

mod catalog;
pub(crate) mod content;
pub(crate) mod effects;
mod facets;
mod follow;
mod globals;
mod layered;
mod mark;
pub(crate) mod object;
mod options;
pub(crate) mod query;
pub(crate) mod reader;
mod reading;
mod relations;
mod routines;
mod rows;
mod text_search;
mod types;
mod units;
mod writes;
