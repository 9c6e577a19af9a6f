//! The template: a database with all migrations, which tests get copies of.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use migrator_connect::Settings;
use migrator_connect::backoff::jitter;
use migrator_model::Registry;
use migrator_plan::{Extent, Selection, Target};
use siphasher::sip::SipHasher13;
use tokio_postgres::error::SqlState;

use super::error::Error;
use super::name::{self, Name};
use super::session::{PATIENCE, Session};
use crate::history;
use crate::migrator::Migrator;
use crate::session::quote::quote_literal;

/// The first pause between two tries for the lock; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);

const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A template as it should be.
#[derive(Debug)]
pub(super) struct Template {
    registry: &'static Registry,
    services: Selection,
    pub(super) name: Name,
}

impl Template {
    /// The template that a role would make.
    pub(super) fn new(registry: &'static Registry, services: Selection, role: &str) -> Self {
        Self {
            registry,
            name: name::template(fingerprint(registry, &services, role)),
            services,
        }
    }

    /// Makes the template, or waits until another session has. It has its name only when it is
    /// complete, so that one whose maker was killed is never taken for one.
    pub(super) async fn make(&self, session: &Session, settings: &Settings) -> Result<(), Error> {
        let mut pause = FIRST_PAUSE;
        while !self.exists(session).await? {
            if session.try_lock(self.name.key).await? {
                let made = self.make_locked(session, settings).await;
                session.unlock(self.name.key).await?;
                return made;
            }
            tokio::time::sleep(jitter(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    async fn exists(&self, session: &Session) -> Result<bool, Error> {
        let condition = format!(
            "EXISTS (SELECT FROM pg_database WHERE datname = {})",
            quote_literal(&self.name.text)
        );
        session.holds("looking for the template", &condition).await
    }

    async fn make_locked(&self, session: &Session, settings: &Settings) -> Result<(), Error> {
        if self.exists(session).await? {
            return Ok(());
        }
        let making = Name::making();
        session.try_lock(making.key).await?;
        let made = self.make_as(&making, session, settings).await;
        match made {
            Ok(()) => session.unlock(making.key).await,
            Err(error) => {
                // What fails here, a sweep finds.
                let _ = drop_template(session, &making.text).await;
                session.unlock(making.key).await?;
                // Whose sessions are in another database takes no notice of our lock.
                match is_taken(&error) {
                    true => Ok(()),
                    false => Err(error),
                }
            }
        }
    }

    async fn make_as(
        &self,
        making: &Name,
        session: &Session,
        settings: &Settings,
    ) -> Result<(), Error> {
        let doing = format!("making the template `{}`", self.name.text);
        let (making, name) = (&making.text, &self.name.text);
        session
            .run(&doing, &format!("CREATE DATABASE {making}"))
            .await?;
        let settings = settings.clone().with_new_database(making);
        let mut client = crate::session::client::connect_within(settings, PATIENCE).await?;
        let target = Target {
            services: self.services.clone(),
            extent: Extent::Everything,
        };
        Migrator::new(self.registry).up(&mut client, target).await?;
        client.close().await;
        // The server waits some seconds for sessions that are just ending.
        for sql in [
            format!("ALTER DATABASE {making} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true"),
            format!("ALTER DATABASE {making} RENAME TO {name}"),
        ] {
            session.run(&doing, &sql).await?;
        }
        Ok(())
    }
}

/// Whether the template's name is taken. Who renames at the same moment finds no such database
/// and then an index that has the name (`RenameDatabase` in Postgres's `dbcommands.c`).
fn is_taken(error: &Error) -> bool {
    error.is(&SqlState::DUPLICATE_DATABASE) || error.is(&SqlState::UNIQUE_VIOLATION)
}

/// Drops a template, also one that is not complete.
pub(super) async fn drop_template(session: &Session, template: &str) -> Result<(), Error> {
    let sql = format!("ALTER DATABASE {template} WITH IS_TEMPLATE false");
    session.run("dropping a template", &sql).await?;
    session.drop_database(template).await
}

/// A hash over all that a template is made from. The up script is in its checksum; the down
/// script's text, which the history keeps, is in its fingerprint but for the comments.
fn fingerprint(registry: &Registry, services: &Selection, role: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    history::FORMAT.hash(&mut hasher);
    role.hash(&mut hasher);
    match services {
        Selection::All => contents(registry, &mut hasher),
        Selection::Named(names) => {
            names.hash(&mut hasher);
            contents(&registry.narrow(names), &mut hasher);
        }
    }
    hasher.finish()
}

fn contents(registry: &Registry, hasher: &mut impl Hasher) {
    for service in registry.services.iter() {
        service.name.hash(hasher);
    }
    for migration in registry.migrations.iter() {
        migration.service.hash(hasher);
        migration.version.as_integer().hash(hasher);
        migration.history_name().hash(hasher);
        migration.checksum.hash(hasher);
        migration.down.fingerprint.hash(hasher);
        migration.down.raw.len().hash(hasher);
    }
}
