//! The roles of a live server on the server where its history is repeated: objects
//! have owners and grants name roles, so that they must be there by name.

use std::collections::BTreeSet;

use migrator_runtime::Client;
use tokio_postgres::SimpleQueryMessage;

use crate::error::Error;

/// What a live server says of roles.
pub(crate) struct Live {
    /// Their names, without those that every server has.
    pub(crate) names: BTreeSet<String>,
    /// The role of this session.
    pub(crate) session: String,
}

/// Asks a live server.
pub(crate) async fn of(live: &Client) -> Result<Live, tokio_postgres::Error> {
    let names = column(
        live,
        "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.left(rolname, 3) <> 'pg_'",
    );
    let session = column(live, "SELECT session_user");
    Ok(Live {
        names: names.await?.into_iter().collect(),
        session: session.await?.into_iter().collect(),
    })
}

async fn column(client: &Client, query: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let answers = client.postgres().simple_query(query).await?;
    let mut values = Vec::new();
    for answer in answers {
        if let SimpleQueryMessage::Row(row) = answer {
            values.extend(row.get(0).map(str::to_owned));
        }
    }
    Ok(values)
}

/// The roles that were made for a repetition.
pub(crate) struct Roles {
    made: BTreeSet<String>,
}

impl Roles {
    /// Makes the roles that are not there: those who apply as superusers, as what
    /// rights they had is not known; the others without any right.
    pub(crate) async fn make(
        admin: &Client,
        names: BTreeSet<String>,
        appliers: BTreeSet<String>,
    ) -> Result<Roles, Error> {
        let there = of(admin).await.map_err(Error::Catalog)?.names;
        let mut made = BTreeSet::new();
        for name in names.union(&appliers).filter(|name| !there.contains(*name)) {
            let quoted = quote(name);
            let sql = match appliers.contains(name) {
                true => format!("CREATE ROLE {quoted} SUPERUSER LOGIN"),
                false => format!("CREATE ROLE {quoted}"),
            };
            let outcome = admin.postgres().batch_execute(&sql).await;
            outcome.map_err(|source| Error::Role {
                role: name.clone(),
                source,
            })?;
            made.insert(name.clone());
        }
        Ok(Roles { made })
    }

    /// Takes away again the roles that a script names: it makes them itself. One
    /// that something depends on stays, and the script will say so.
    pub(crate) async fn make_way(&mut self, admin: &Client, sql: &str) {
        let named: Vec<String> = self
            .made
            .iter()
            .filter(|name| sql.contains(name.as_str()))
            .cloned()
            .collect();
        for name in named {
            let drop = format!("DROP ROLE {}", quote(&name));
            if admin.postgres().batch_execute(&drop).await.is_ok() {
                self.made.remove(&name);
            }
        }
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
