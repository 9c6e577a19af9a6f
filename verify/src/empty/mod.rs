//! Restores a database to a snapshot: drops the objects that the snapshot lacks, creates missing
//! schemas and extensions, and restores the comment, owner, privileges and settings of the rest.
//!
//! This is for databases that are lent to us empty. Other changes are reported, not undone.

mod statements;

use migrator_model::small;
use thiserror::Error;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::compare::difference::{Difference, differences};
use crate::snapshot::content::{Scope, Snapshot};
use crate::snapshot::object::Kind;

/// The first round drops objects. The second restores the properties of what the first created.
/// The others run again what failed because of a later statement.
const ROUNDS: usize = 4;

/// Why a database could not be restored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmptyError {
    /// The catalog could not be read.
    #[error("cannot read the catalog")]
    Catalog(#[source] tokio_postgres::Error),
    /// Something could not be dropped or restored.
    #[error("cannot restore the database: {}", list(left))]
    Left {
        /// What still differs.
        left: Vec<Difference>,
        /// The first error of the last round, if the server refused a statement.
        source: Option<tokio_postgres::Error>,
    },
}

fn list(left: &[Difference]) -> String {
    let lines: Vec<String> = left.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// Restores a database to the snapshot `wanted`.
///
/// The session must not be in a transaction, and its role must own what it drops.
///
/// # Errors
///
/// The catalog cannot be read, or the database still differs from `wanted` at the end.
pub async fn empty(client: &Client, wanted: &Snapshot, scope: &Scope) -> Result<(), EmptyError> {
    let mut refused = None;
    for _ in 0..ROUNDS {
        let left = left(client, wanted, scope).await?;
        if left.is_empty() {
            return Ok(());
        }
        let statements = statements(client, &left, wanted)
            .await
            .map_err(EmptyError::Catalog)?;
        refused = None;
        for statement in statements {
            if let Err(error) = run(client, &statement).await {
                refused.get_or_insert(error);
            }
        }
    }
    let left = left(client, wanted, scope).await?;
    match left.is_empty() {
        true => Ok(()),
        false => Err(EmptyError::Left {
            left,
            source: refused,
        }),
    }
}

async fn left(
    client: &Client,
    wanted: &Snapshot,
    scope: &Scope,
) -> Result<Vec<Difference>, EmptyError> {
    let now = Snapshot::take(client, scope)
        .await
        .map_err(EmptyError::Catalog)?;
    Ok(differences(wanted, &now))
}

/// The statements of a round, in the order of [`statements::rank`].
async fn statements(
    client: &Client,
    left: &[Difference],
    wanted: &Snapshot,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let database = names(
        client,
        "SELECT pg_catalog.quote_ident(pg_catalog.current_database())",
    );
    let database = database.await?.pop().unwrap_or_default();
    let mut ordered: Vec<&Difference> = left.iter().collect();
    small::sort_by(&mut ordered, |a, b| {
        statements::rank(a).cmp(&statements::rank(b))
    });
    let mut statements = Vec::new();
    for difference in ordered {
        statements.extend(statements::restoring(difference, wanted, &database));
    }
    let concerns = |kind| left.iter().any(|difference| difference.object.kind == kind);
    if concerns(Kind::DefaultPrivileges) {
        statements.extend(names(client, statements::RESET_DEFAULTS).await?);
    }
    if concerns(Kind::Privileges) {
        statements.extend(names(client, statements::RESET_FOREIGN).await?);
    }
    Ok(statements)
}

/// Runs SQL in a transaction with the `search_path` of [`Snapshot::take`].
async fn run(client: &Client, sql: &str) -> Result<Vec<SimpleQueryMessage>, tokio_postgres::Error> {
    let message = format!("BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; {sql}; COMMIT");
    let answer = client.simple_query(&message).await;
    if answer.is_err() {
        // The first of two errors has the cause.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    answer
}

/// The first column of a query.
async fn names(client: &Client, query: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let mut first = Vec::new();
    for message in run(client, query).await? {
        if let SimpleQueryMessage::Row(row) = message {
            first.extend(row.get(0).map(str::to_owned));
        }
    }
    Ok(first)
}
