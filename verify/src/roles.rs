//! Creates the roles of a live server on the server that replays its history: owners and grants
//! name roles, so roles of these names must exist.

use std::collections::BTreeSet;

use migrator_model::Registry;
use migrator_runtime::Client;
use tokio_postgres::SimpleQueryMessage;

use crate::error::Error;
use crate::quote::quoted;

/// The roles of a live server.
pub(crate) struct Live {
    /// Their names, without the predefined roles.
    pub(crate) names: BTreeSet<String>,
    /// The role of this session.
    pub(crate) session: String,
    /// Whether that role is a superuser.
    pub(crate) is_superuser: bool,
}

/// Reads the roles of a server.
pub(crate) async fn of(live: &Client) -> Result<Live, tokio_postgres::Error> {
    let names = column(
        live,
        "SELECT rolname FROM pg_catalog.pg_roles WHERE pg_catalog.left(rolname, 3) OPERATOR(pg_catalog.<>) 'pg_'",
    );
    let session = column(live, "SELECT session_user");
    let is_superuser = column(live, "SHOW is_superuser");
    Ok(Live {
        is_superuser: is_superuser.await?.concat() == "on",
        names: names.await?.into_iter().collect(),
        session: session.await?.into_iter().collect(),
    })
}

pub(crate) async fn column(
    client: &Client,
    query: &str,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let answers = client.postgres().simple_query(query).await?;
    let mut values = Vec::new();
    for answer in answers {
        if let SimpleQueryMessage::Row(row) = answer {
            values.extend(row.get(0).map(str::to_owned));
        }
    }
    Ok(values)
}

/// Creates the missing roles of the manifest, without any right.
pub(crate) async fn make_listed(client: &Client, registry: &Registry) -> Result<(), Error> {
    if registry.roles().len() == 0 {
        return Ok(());
    }
    let mut there = of(client).await.map_err(Error::Catalog)?.names;
    for name in registry.roles() {
        if there.insert(name.to_string()) {
            let sql = format!("CREATE ROLE {}", quoted(name));
            let made = client.postgres().batch_execute(&sql).await;
            made.map_err(|source| Error::Role {
                role: name.to_string(),
                source,
            })?;
        }
    }
    Ok(())
}

/// The roles that were created for a replay.
pub(crate) struct Roles {
    made: BTreeSet<String>,
    /// The roles that apply scripts.
    appliers: BTreeSet<String>,
    /// The attributes of the roles that apply scripts.
    login: String,
}

impl Roles {
    /// Creates the missing roles. The roles that apply scripts become superusers, because their
    /// rights are unknown, and log in with the password, if there is one. The others get no right.
    pub(crate) async fn make(
        admin: &Client,
        names: BTreeSet<String>,
        appliers: BTreeSet<String>,
        password: Option<&str>,
    ) -> Result<Roles, Error> {
        let login = match password {
            Some(password) => format!("SUPERUSER LOGIN PASSWORD '{password}'"),
            None => "SUPERUSER LOGIN".to_owned(),
        };
        let there = of(admin).await.map_err(Error::Catalog)?.names;
        let mut made = BTreeSet::new();
        for name in names.union(&appliers).filter(|name| !there.contains(*name)) {
            let quoted = quoted(name);
            let sql = match appliers.contains(name) {
                true => format!("CREATE ROLE {quoted} {login}"),
                false => format!("CREATE ROLE {quoted}"),
            };
            let outcome = admin.postgres().batch_execute(&sql).await;
            outcome.map_err(|source| Error::Role {
                role: name.clone(),
                source,
            })?;
            made.insert(name.clone());
        }
        Ok(Roles {
            made,
            appliers,
            login,
        })
    }

    /// Drops the role that exists already according to a server's message, because the script
    /// creates this role itself. Returns the role, or `None` if the role cannot be dropped.
    pub(crate) async fn make_way(&mut self, admin: &Client, message: &str) -> Option<String> {
        let is_named = |name: &&String| is_quoted_in(message, name);
        let name = self.made.iter().find(is_named)?.clone();
        let drop = format!("DROP ROLE {}", quoted(&name));
        admin.postgres().batch_execute(&drop).await.ok()?;
        self.made.remove(&name);
        Some(name)
    }

    /// Gives a role that a script created the rights to apply later scripts.
    pub(crate) async fn made_by_a_script(&self, admin: &Client, name: &str) -> Result<(), Error> {
        if !self.appliers.contains(name) {
            return Ok(());
        }
        let alter = format!("ALTER ROLE {} {}", quoted(name), self.login);
        let altered = admin.postgres().batch_execute(&alter).await;
        altered.map_err(|source| Error::Role {
            role: name.to_owned(),
            source,
        })
    }
}

/// Whether a message contains a name in the quotation marks of any language.
fn is_quoted_in(message: &str, name: &str) -> bool {
    let is_mark = |c: char| !c.is_alphanumeric() && c != '_' && c != ' ';
    message.match_indices(name).any(|(at, _)| {
        let before = message[..at].trim_end().chars().next_back();
        let after = message[at + name.len()..].trim_start().chars().next();
        before.is_some_and(is_mark) && after.is_some_and(is_mark)
    })
}

#[cfg(test)]
mod tests {
    use super::is_quoted_in;

    #[test]
    fn a_role_is_named_in_quotation_marks() {
        assert!(is_quoted_in("role \"app\" already exists", "app"));
        assert!(is_quoted_in("le rôle « app » existe déjà", "app"));
        assert!(!is_quoted_in("role \"app_reader\" already exists", "app"));
        assert!(!is_quoted_in("role \"my app\" already exists", "app"));
        assert!(!is_quoted_in("role \"x\" already exists", "role"));
    }
}
