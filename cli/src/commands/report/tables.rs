//! The tables of a database, with their columns, keys and comments.

use migrator_runtime::Client;
use migrator_verify::Error;
use serde_json::{Map, Value};
use tokio_postgres::SimpleQueryMessage;

use crate::failure::Failure;

/// A table, and what the catalog says about it.
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) catalog: Map<String, Value>,
}

/// Reads all tables and views, except those of the system, of extensions and of the history.
pub(super) async fn read(client: &Client, history: &str) -> Result<Vec<Table>, Failure> {
    let answers = client.postgres().simple_query(QUERY).await;
    let answers = answers.map_err(Error::Catalog)?;
    let rows = answers.iter().filter_map(|answer| {
        let SimpleQueryMessage::Row(row) = answer else {
            return None;
        };
        row.get(0)
    });
    let tables = rows.filter_map(table);
    Ok(tables.filter(|one| one.schema != history).collect())
}

fn table(text: &str) -> Option<Table> {
    let mut catalog: Map<String, Value> = serde_json::from_str(text).ok()?;
    let schema = catalog.remove("schema")?.as_str()?.to_owned();
    let name = catalog.remove("table")?.as_str()?.to_owned();
    Some(Table {
        schema,
        name,
        catalog,
    })
}

/// A row of JSON for each table. No object of the database can stand in for one of the catalog,
/// because the search path has the catalog alone.
const QUERY: &str = include_str!("tables.sql");
