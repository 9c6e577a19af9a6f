//! What a database's catalog says, with names in place of oids.
//!
//! A [`Snapshot`] is taken in one message. Each query returns objects, a row an object; what its
//! columns are called is what the properties are called, and a NULL is a property that is not set.
//! So that the same text works on every major version, a query that wants a column which older
//! servers lack is a lateral subquery of `absent`, a row that has it: in the subquery an
//! unqualified name is the catalog's column where there is one, and the row's otherwise.
//!
//! Comments, security labels, privileges and settings come as rows of their own and are put to
//! the objects by address (catalog, oid, column).
//!
//! How snapshots differ is left to [`crate::difference`].

mod facets;
mod globals;
mod object;
mod options;
mod query;
mod reader;
mod relations;
mod routines;
mod rows;
mod text_search;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Client, Error};

pub use object::{Kind, Object};
pub(crate) use query::{PRINTING, Within};
pub use reader::SnapshotReader;

/// Properties by name, both as a person says them: `default`, `not null`, `owner`. Only what is
/// set is in it.
pub type Properties = BTreeMap<String, String>;

/// What a snapshot leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Whole schemas, by their names without quotes, such as the history's.
    pub without_schemas: Vec<String>,
}

/// What a database's catalog says, with names in place of oids.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    objects: BTreeMap<Object, Properties>,
    relations: BTreeMap<u32, Object>,
    unknown_options: BTreeSet<String>,
}

impl Snapshot {
    /// Takes it in one round trip: one message, in a read-only transaction of its own, with the
    /// settings fixed that change how definitions are printed. The session must not be in a
    /// transaction, as this would end it.
    ///
    /// Postgres prints definitions from the catalog as it is at that moment, and not as it was
    /// when the transaction began: while others change the schema, a snapshot can show either.
    ///
    /// # Errors
    ///
    /// What the server or the connection says; the session is out of the transaction then, too.
    pub async fn take(client: &Client, scope: &Scope) -> Result<Self, Error> {
        match client.simple_query(&query::message(scope)).await {
            Ok(messages) => Ok(rows::read(&messages)),
            Err(error) => {
                // Of the two errors the first says what happened.
                let _ = client.batch_execute("ROLLBACK").await;
                Err(error)
            }
        }
    }

    /// Every object with its properties, by kind and name.
    pub fn objects(&self) -> impl Iterator<Item = (&Object, &Properties)> {
        self.objects.iter()
    }

    /// The properties of an object, if it is there.
    #[must_use]
    pub fn properties(&self, object: &Object) -> Option<&Properties> {
        self.objects.get(object)
    }

    /// The table, view, materialised view, foreign table, sequence or index with an oid. Oids
    /// name objects in messages; two snapshots are equal without them.
    #[must_use]
    pub fn relation(&self, oid: u32) -> Option<&Object> {
        self.relations.get(&oid)
    }

    /// The storage options that are not compared, as their names are not known: a server may
    /// keep options of its own. Each is told once, such as `x of columns`.
    pub fn unknown_options(&self) -> impl Iterator<Item = &str> {
        self.unknown_options.iter().map(String::as_str)
    }

    /// How many objects it shows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether it shows nothing, as only a default snapshot does: every database has itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.objects == other.objects
    }
}

impl Eq for Snapshot {}
