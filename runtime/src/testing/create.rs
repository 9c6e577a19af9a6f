//! Creates a test's database: a copy of the template, with a session that owns the copy.

use std::time::{Duration, Instant};

use migrator_connect::Settings;
use tokio_postgres::error::SqlState;

use super::carry;
use super::database::{Owner, TestDatabase};
use super::error::Error;
use super::janitor;
use super::keeper;
use super::name::{self, Name};
use super::server::{Server, ServerKind};
use super::session::Session;
use super::template::{Content, Template};

/// How often a template that has disappeared is created again: a janitor may drop it meanwhile.
const TRIES: usize = 5;

/// Whether a janitor cleans up after this process if the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// A janitor does, or the server ends with the tests.
    Taken,
    /// No process does: a janitor must be started.
    Wanted,
}

/// What a session learns about the server when it takes the lock of a name.
struct ServerState {
    strategy: &'static str,
    has_janitor: bool,
    has_orphans: bool,
}

/// A new database. Only a sweep drops it until it has an [`Owner`]. An `Owner` must not be
/// dropped on the keeper's thread, because dropping it waits for that thread.
struct Made {
    session: Session,
    name: Name,
    settings: Settings,
    care: Care,
}

/// Creates a database; returns it with its owner, and says whether a janitor must be started.
pub(super) async fn hand_out(
    server: &Server,
    content: Content,
) -> Result<(TestDatabase, Owner, Care), Error> {
    let started = Instant::now();
    let mut made = keeper::on_thread(make(server.settings.clone(), content)).await?;
    if let ServerKind::Throwaway { .. } = server.kind {
        made.care = Care::Taken;
    }
    let owner = Owner::new(made.name, made.session);
    let database = TestDatabase::new(&owner, &made.settings, started.elapsed());
    Ok((database, owner, made.care))
}

async fn make(settings: Settings, content: Content) -> Result<Made, Error> {
    let template = Template::new(content, settings.user());
    let name = Name::test();
    let (session, state) = inspect(&settings, &name).await?;
    if state.has_orphans {
        // The test that waits for a database does not wait for this.
        drop(tokio::spawn(janitor::sweep_once(settings.clone())));
    }
    copy(&session, &name, &template, &settings, state.strategy).await?;
    carry::settings(&session, &template.name.text, &name.text).await?;
    Ok(Made {
        session,
        name,
        settings,
        care: match state.has_janitor {
            false => Care::Wanted,
            true => Care::Taken,
        },
    })
}

/// Takes the lock of the name first, and then looks at the server. So either the janitor sees
/// this process, or this process sees that the janitor has ended.
async fn inspect(settings: &Settings, name: &Name) -> Result<(Session, ServerState), Error> {
    let sql = format!(
        "SELECT pg_try_advisory_lock({}); \
         SELECT current_setting('server_version_num')::int >= 150000, \
         current_setting('fsync') = 'on', {}, EXISTS ({})",
        name.key,
        name::is_held(name::janitor(settings.user())),
        name::orphans()
    );
    let (session, rows) = Session::present(settings, &sql).await?;
    let answers = rows.last().map_or(&[][..], Vec::as_slice);
    let is = |at: usize| answers.get(at).is_some_and(|text| text == "t");
    let state = ServerState {
        strategy: strategy(is(0), is(1)),
        has_janitor: is(2),
        has_orphans: is(3),
    };
    Ok((session, state))
}

/// Chooses the strategy of CREATE DATABASE. Measured: in memory without fsync, copying the files
/// takes a third of the time of writing them to the WAL. On a disk with fsync the WAL takes half
/// the time, because copying syncs every file and waits for two checkpoints.
fn strategy(has_choice: bool, syncs: bool) -> &'static str {
    match (has_choice, syncs) {
        (false, _) => "",
        (true, false) => " STRATEGY file_copy",
        (true, true) => " STRATEGY wal_log",
    }
}

async fn copy(
    session: &Session,
    name: &Name,
    template: &Template,
    settings: &Settings,
    strategy: &str,
) -> Result<(), Error> {
    let doing = format!("creating the database `{}`", name.text);
    let sql = format!(
        "CREATE DATABASE {} TEMPLATE {}{strategy}",
        name.text, template.name.text
    );
    let mut last = session.run(&doing, &sql).await;
    for _ in 1..TRIES {
        match &last {
            Err(error) if error.is(&SqlState::UNDEFINED_DATABASE) => {
                template.make(session, settings).await?;
            }
            // Another session is connected to the template, or is renaming it now.
            Err(error) if error.is(&SqlState::OBJECT_IN_USE) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(()) | Err(_) => break,
        }
        last = session.run(&doing, &sql).await;
    }
    last
}
