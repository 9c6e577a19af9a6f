//! Secures a temporary server against untrusted scripts.
//!
//! An untrusted script may return to the role that logged in, open another connection to the
//! server, or leave a function that a superuser calls later. So scripts run only in sessions of
//! roles that are no superusers, and every login needs a password that no script knows.

use std::time::{Duration, Instant};

use migrator_model::MigrationId;
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Client, Fault, Settings, connect};
use tokio_postgres::error::SqlState;

use super::watch;
use crate::error::Error;
use crate::quote::quoted;
use crate::roles::column;

/// A server on which every login needs the password.
pub(crate) struct Guarded {
    /// The only superuser that can log in.
    pub(crate) admin: Client,
    /// The password of all roles that can log in.
    pub(crate) password: String,
    /// A random text in the names of our roles, so that the live server has no role of this name.
    pub(crate) suffix: String,
    /// The first entry whose script only the history has.
    foreign: MigrationId,
}

/// The time within which the server must ask for passwords.
const PATIENCE: Duration = Duration::from_secs(20);

/// The predefined roles whose members can act outside the database.
const RIGHTS: &str = "'pg_execute_server_program', 'pg_read_server_files', \
                      'pg_write_server_files', 'pg_create_subscription'";

/// The lines of `pg_hba.conf`: every login needs a password, over a socket or the network.
const RULES: &str = "COPY (VALUES ('local all all scram-sha-256'), \
                     ('host all all all scram-sha-256')) TO %L";

impl Guarded {
    /// Secures a server whose first superuser is that of `scratch`. This role gets another name,
    /// because a role of the live server may have the same name and apply scripts.
    pub(crate) async fn new(scratch: &Settings, foreign: &MigrationId) -> Result<Guarded, Error> {
        let confine = |why: String| Error::Confine {
            foreign: foreign.clone(),
            why,
        };
        let first = connect(scratch.clone()).await.map_err(Error::Connect)?;
        let random = column(
            &first,
            "SELECT pg_catalog.replace(pg_catalog.concat(pg_catalog.gen_random_uuid(), \
             pg_catalog.gen_random_uuid()), '-', '')",
        );
        let random = random.await.map_err(Error::Catalog)?.concat();
        let Some((suffix, password)) = random.split_at_checked(12) else {
            return Err(confine("the server made no random password".to_owned()));
        };
        let guarded = |admin| Guarded {
            admin,
            password: password.to_owned(),
            suffix: suffix.to_owned(),
            foreign: foreign.clone(),
        };
        let name = format!("migrator_admin_{suffix}");
        let sql = format!(
            "SET password_encryption = 'scram-sha-256'; \
             CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{password}'; \
             DO $$ BEGIN EXECUTE pg_catalog.format($_${RULES}$_$, \
                pg_catalog.current_setting('hba_file')); END $$; \
             SELECT pg_catalog.pg_reload_conf();"
        );
        let made = first.postgres().batch_execute(&sql).await;
        made.map_err(|error| confine(error.to_string()))?;
        asks_for_passwords(scratch, &first).await.map_err(confine)?;
        first.close().await;
        let settings = scratch.clone().with_user(&name).with_password(password);
        let admin = connect(settings).await.map_err(Error::Connect)?;
        let rename = format!(
            "SET password_encryption = 'scram-sha-256'; \
             ALTER ROLE {} RENAME TO migrator_first_{suffix};",
            quoted(scratch.user())
        );
        let renamed = admin.postgres().batch_execute(&rename).await;
        renamed.map_err(|error| confine(error.to_string()))?;
        Ok(guarded(admin))
    }

    /// Revokes from every role the rights to act outside the database. Grants the roles that apply
    /// scripts the rights of a superuser within the database, as far as Postgres can grant these.
    pub(crate) async fn disarm(&self, appliers: &[String]) -> Result<(), Error> {
        let Guarded { suffix, .. } = self;
        let mut statements = vec![format!("CREATE ROLE migrator_owner_{suffix}")];
        statements.extend(self.column(&self.take_away()).await?);
        let database = quoted(&self.column("SELECT current_database()").await?.concat());
        statements.push(format!(
            "ALTER DATABASE {database} OWNER TO migrator_owner_{suffix}"
        ));
        for applier in appliers {
            let applier = quoted(applier);
            statements.push(format!("GRANT migrator_owner_{suffix} TO {applier}"));
            statements.push(format!("ALTER ROLE {applier} {}", watch::SETTING));
        }
        for statement in statements {
            let done = self.admin.postgres().batch_execute(&statement).await;
            done.map_err(|error| self.confine(error.to_string()))?;
        }
        // Each role may change the objects of the roles before it, and give objects to roles that
        // apply nothing. The server refuses a circle: a script may have granted the opposite.
        let others = self.column(&self.others()).await?;
        let others = others.iter().filter(|name| !appliers.contains(name));
        let others: Vec<&String> = others.collect();
        for (at, applier) in appliers.iter().enumerate() {
            for role in appliers.iter().take(at).chain(others.iter().copied()) {
                let grant = format!("GRANT {} TO {}", quoted(role), quoted(applier));
                let _ = self.admin.postgres().batch_execute(&grant).await;
            }
        }
        match self.column(&self.armed()).await?.as_slice() {
            [] => Ok(()),
            [role, ..] => Err(self.confine(format!("the role `{role}` has too many rights"))),
        }
    }

    /// A query for the statements that revoke rights.
    fn take_away(&self) -> String {
        let ours = self.ours();
        format!(
            "SELECT pg_catalog.format('ALTER ROLE %I NOSUPERUSER NOCREATEROLE NOREPLICATION', rolname) \
               FROM pg_catalog.pg_roles \
              WHERE (rolsuper OR rolcreaterole OR rolreplication) AND rolname NOT IN ({ours}) \
             UNION ALL \
             SELECT pg_catalog.format('REVOKE %I FROM %I CASCADE', r.rolname, m.rolname) \
               FROM pg_catalog.pg_auth_members g \
               JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) g.roleid \
               JOIN pg_catalog.pg_roles m ON m.oid OPERATOR(pg_catalog.=) g.member \
              WHERE r.rolname IN ({RIGHTS}, {ours})"
        )
    }

    /// A query for the roles that are neither ours nor Postgres's own.
    fn others(&self) -> String {
        let (ours, suffix) = (self.ours(), &self.suffix);
        format!(
            "SELECT rolname FROM pg_catalog.pg_roles \
              WHERE rolname NOT IN ({ours}, 'migrator_owner_{suffix}') \
                AND pg_catalog.left(rolname, 3) OPERATOR(pg_catalog.<>) 'pg_'"
        )
    }

    /// A query for the roles that still have one of these rights.
    fn armed(&self) -> String {
        let ours = self.ours();
        format!(
            "SELECT a.rolname FROM pg_catalog.pg_roles a \
              WHERE a.rolname NOT IN ({RIGHTS}, {ours}) \
                AND (a.rolsuper OR a.rolcreaterole OR EXISTS (SELECT FROM pg_catalog.pg_roles r \
                      WHERE (r.rolsuper OR r.rolname IN ({RIGHTS})) \
                        AND pg_catalog.pg_has_role(a.oid, r.oid, 'MEMBER')))"
        )
    }

    /// The names of our two superusers, as literals.
    fn ours(&self) -> String {
        let suffix = &self.suffix;
        format!("'migrator_admin_{suffix}', 'migrator_first_{suffix}'")
    }

    async fn column(&self, query: &str) -> Result<Vec<String>, Error> {
        column(&self.admin, query).await.map_err(Error::Catalog)
    }

    /// The error for a script that failed without superuser rights.
    pub(crate) fn failed(&self, fault: Box<Fault>) -> Error {
        let is_for_rights = [
            SqlState::INSUFFICIENT_PRIVILEGE,
            SqlState::S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED,
        ];
        let state = fault.sqlstate.as_deref();
        match is_for_rights.iter().any(|one| Some(one.code()) == state) {
            true => Error::Unprivileged {
                foreign: self.foreign.clone(),
                fault,
            },
            false => Error::Replay(fault),
        }
    }

    /// The error for a comparison that runs longer than the time limit of a script.
    pub(crate) fn out_of_time(&self, limit: Duration) -> Error {
        Error::OutOfTime {
            step: self.foreign.clone(),
            limit,
        }
    }

    pub(crate) fn confine(&self, why: String) -> Error {
        Error::Confine {
            foreign: self.foreign.clone(),
            why,
        }
    }
}

/// Waits until the server refuses a login without a password.
async fn asks_for_passwords(scratch: &Settings, first: &Client) -> Result<(), String> {
    let started = Instant::now();
    loop {
        match connect(scratch.clone()).await {
            Err(ConnectError::Refused { .. }) => return Ok(()),
            Err(error) => return Err(error.to_string()),
            Ok(client) => client.close().await,
        }
        if started.elapsed() > PATIENCE {
            return Err("it lets roles in without a password".to_owned());
        }
        let pause = column(first, "SELECT pg_catalog.pg_sleep(0.01)");
        pause.await.map_err(|error| error.to_string())?;
    }
}
