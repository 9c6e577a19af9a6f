//! Makes a database what it was: what it has beyond a snapshot is dropped, what it lacks of schemas
//! and extensions is made, and what stays gets its comment, owner, privileges and settings back.
//!
//! It is for databases that are lent to us empty. What else was altered is told, not mended.

use thiserror::Error;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::difference::{Difference, differences};
use crate::mend::{self, mend};
use crate::snapshot::{Kind, Scope, Snapshot};

/// One round drops, the next gives what was made again its properties, and the last has nothing
/// to do unless a statement failed because of another that came later.
const ROUNDS: usize = 4;

/// Why a database is not what it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmptyError {
    /// The catalog could not be read.
    #[error("cannot read the catalog")]
    Catalog(#[source] tokio_postgres::Error),
    /// Something could not be dropped or restored.
    #[error("cannot make the database what it was: {}", list(left))]
    Left {
        /// What still differs.
        left: Vec<Difference>,
        /// The first error of the last round, if the server refused a statement.
        source: Option<tokio_postgres::Error>,
    },
}

fn list(left: &[Difference]) -> String {
    let told: Vec<String> = left.iter().map(ToString::to_string).collect();
    told.join("; ")
}

/// Drops what is in a database beyond what `wanted` shows, to make it as it was.
///
/// The session must not be in a transaction, and its role must own what it drops.
///
/// # Errors
///
/// When the catalog cannot be read, and when the database differs from `wanted` in the end.
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

/// The statements of a round, in the order of [`mend::rank`].
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
    ordered.sort_by_key(|difference| mend::rank(difference));
    let mut statements = Vec::new();
    for difference in ordered {
        statements.extend(mend(difference, wanted, &database));
    }
    let concerns = |kind| left.iter().any(|difference| difference.object.kind == kind);
    if concerns(Kind::DefaultPrivileges) {
        statements.extend(names(client, mend::RESET_DEFAULTS).await?);
    }
    if concerns(Kind::Privileges) {
        statements.extend(names(client, mend::RESET_FOREIGN).await?);
    }
    Ok(statements)
}

/// Runs SQL in a transaction in which names without a schema mean what they do in a snapshot; see
/// [`Snapshot::take`].
async fn run(client: &Client, sql: &str) -> Result<Vec<SimpleQueryMessage>, tokio_postgres::Error> {
    let message = format!("BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; {sql}; COMMIT");
    let answer = client.simple_query(&message).await;
    if answer.is_err() {
        // Of the two errors the first says what happened.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    answer
}

/// The first column of what a query returns.
async fn names(client: &Client, query: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let mut first = Vec::new();
    for message in run(client, query).await? {
        if let SimpleQueryMessage::Row(row) = message {
            first.extend(row.get(0).map(str::to_owned));
        }
    }
    Ok(first)
}
