//! The template: a database with all migrations, which is copied for each test.

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
use crate::options::Options;
use crate::session::quote::quote_literal;

/// The first pause between two tries for the lock. It doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);

const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What a database contains.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) registry: &'static Registry,
    pub(super) services: Selection,
    /// The schema of the history.
    pub(super) schema: String,
}

impl Content {
    /// The migrations of these services, with the history in its usual schema.
    pub(super) fn new(registry: &'static Registry, services: Selection) -> Self {
        Self {
            registry,
            services,
            schema: Options::default().schema,
        }
    }
}

/// The description of a template.
#[derive(Debug)]
pub(super) struct Template {
    content: Content,
    pub(super) name: Name,
}

impl Template {
    /// The template that a role would create.
    pub(super) fn new(content: Content, role: &str) -> Self {
        Self {
            name: name::template(fingerprint(&content, role)),
            content,
        }
    }

    /// Creates the template, or waits until another session has created it. A template gets its
    /// name only when it is complete. So an incomplete template of a killed process is never used.
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
                // If this fails, a later sweep drops the database.
                let _ = drop_template(session, &making.text).await;
                session.unlock(making.key).await?;
                // A process with sessions in another database does not see this lock.
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
        let doing = format!("creating the template `{}`", self.name.text);
        let (making, name) = (&making.text, &self.name.text);
        session
            .run(&doing, &format!("CREATE DATABASE {making}"))
            .await?;
        let settings = settings.clone().with_new_database(making);
        let mut client = crate::session::client::connect_within(settings, PATIENCE).await?;
        let target = Target {
            services: self.content.services.clone(),
            extent: Extent::Everything,
        };
        let options = Options::default().schema(&self.content.schema);
        let mut migrator = Migrator::with_options(self.content.registry, options);
        migrator.up(&mut client, target).await?;
        client.close().await;
        // The server waits some seconds for sessions that are ending.
        for sql in [
            format!("ALTER DATABASE {making} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true"),
            format!("ALTER DATABASE {making} RENAME TO {name}"),
        ] {
            session.run(&doing, &sql).await?;
        }
        Ok(())
    }
}

/// Whether the template's name is taken. If two sessions rename at once, the later one fails at
/// a unique index (`RenameDatabase` in Postgres's `dbcommands.c`).
fn is_taken(error: &Error) -> bool {
    error.is(&SqlState::DUPLICATE_DATABASE) || error.is(&SqlState::UNIQUE_VIOLATION)
}

/// Drops a template, complete or not.
pub(super) async fn drop_template(session: &Session, template: &str) -> Result<(), Error> {
    let sql = format!("ALTER DATABASE {template} WITH IS_TEMPLATE false");
    session.run("dropping a template", &sql).await?;
    session.drop_database(template).await
}

/// A hash of everything that a template is created from. The checksum of a migration covers its
/// up script. The fingerprint covers its down script, which the history keeps, except comments.
fn fingerprint(content: &Content, role: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    history::FORMAT.hash(&mut hasher);
    role.hash(&mut hasher);
    content.schema.hash(&mut hasher);
    let registry = content.registry;
    match &content.services {
        Selection::All => contents(registry, &mut hasher),
        Selection::Named(names) => {
            names.hash(&mut hasher);
            contents(&registry.narrow(names), &mut hasher);
        }
    }
    hasher.finish()
}

fn contents(registry: &Registry, hasher: &mut impl Hasher) {
    for service in registry.services() {
        service.name.hash(hasher);
    }
    for migration in registry.migrations() {
        migration.service.hash(hasher);
        migration.version.as_integer().hash(hasher);
        migration.history_name().hash(hasher);
        migration.checksum.hash(hasher);
        migration.down().fingerprint.hash(hasher);
        migration.down().raw.len().hash(hasher);
    }
}
