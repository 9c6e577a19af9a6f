//! Shows the effects of an interrupted script, for the user who then records it with `repair`.

use migrator_model::Version;
use migrator_model::file_name::Direction;
use migrator_model::place::Position;
use migrator_model::sql::statements;
use migrator_plan::resume::resumable;
use migrator_plan::statement::{Statement, read as understood};
use migrator_plan::{Conflict, Selection};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::event::operation::Operation;
use crate::history::failure::{failed, read_failed};
use crate::history::guard::Purpose;
use crate::history::{Entry, read};
use crate::session::client::Client;
use crate::step::resume::catalog::{self, Completion};

/// What the catalog shows about the script of a dirty migration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The migration.
    pub entry: Entry,
    /// The script that was interrupted: up or down.
    pub direction: Direction,
    /// Whether a run in that direction resumes the script.
    pub is_resumable: bool,
    /// Its statements in order; empty if the text of the script is not known.
    pub statements: Vec<Inspected>,
}

/// What the catalog shows about a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspected {
    /// The position of the statement in its script.
    pub position: Position,
    /// The first line of the statement.
    pub text: String,
    /// Whether the statement took effect.
    pub trace: Trace,
}

/// Whether a statement took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trace {
    /// The statement took full effect; the text says how the catalog shows it.
    Done(String),
    /// The statement had no effect.
    NotDone,
    /// The statement was interrupted, or a different object exists; the text says which.
    Partial(String),
    /// The catalog does not show the effect of this statement.
    Unknown,
}

impl Context {
    pub(crate) async fn inspect(
        &self,
        client: &Client,
        service: &str,
        version: Version,
    ) -> Result<Inspection, Error> {
        let history = self.history(client, Purpose::Show).await?;
        self.check_names(&Selection::Named(vec![service.to_owned()]), &history)?;
        let entry = history.entry(service, version).cloned();
        let dirty = entry.and_then(|entry| Some((entry.dirty?, entry)));
        let Some((direction, entry)) = dirty else {
            return Err(ErrorKind::Refused(vec![Conflict::not_dirty(service, version)]).into());
        };
        let reading = async {
            let doing = Operation::ReadEffects;
            let recorded =
                read::scripts(&self.reader(client, Purpose::Act), &history, service).await;
            let recorded = recorded.map_err(|error| read_failed(client, doing, error))?;
            let recorded = recorded.get(&version).cloned().unwrap_or_default();
            let migration = self.registry.migration(service, version);
            let migration = migration.filter(|one| entry.has_checksum_of(*one));
            let sql = match direction {
                Direction::Up => migration
                    .map(|one| one.up().sql().into_owned())
                    .or(recorded.0),
                Direction::Down => migration
                    .map(|one| one.down().sql().into_owned())
                    .or(recorded.1),
            };
            let inspected = inspect(client, &sql.unwrap_or_default()).await;
            inspected.map_err(|error| failed(client, doing, &error))
        };
        let statements = self.stop.read(client, reading).await?;
        Ok(Inspection {
            is_resumable: resumable(self.registry, &entry).is_some(),
            entry,
            direction,
            statements,
        })
    }
}

async fn inspect(client: &Client, sql: &str) -> Result<Vec<Inspected>, tokio_postgres::Error> {
    let mut inspected = Vec::new();
    for range in statements(sql) {
        let text = &sql[range.clone()];
        let trace = match understood(text) {
            Some(statement) => trace(client, &statement).await?,
            None => Trace::Unknown,
        };
        inspected.push(Inspected {
            position: Position::at(sql, range.start),
            text: text.lines().next().unwrap_or_default().to_owned(),
            trace,
        });
    }
    Ok(inspected)
}

async fn trace(client: &Client, statement: &Statement<'_>) -> Result<Trace, tokio_postgres::Error> {
    if let Statement::DropIndex(drop) = statement {
        // This includes `IF EXISTS`, which a run that resumes simply sends again.
        return Ok(match catalog::are_gone(client, drop).await? {
            true => Trace::Done("the index is gone".to_owned()),
            false => Trace::NotDone,
        });
    }
    let leaves_no_trace = matches!(statement, Statement::Repeatable | Statement::Reindex(_));
    Ok(match catalog::completion(client, statement, None).await? {
        Completion::NotBegun if leaves_no_trace => Trace::Unknown,
        Completion::NotBegun => Trace::NotDone,
        Completion::Done(evidence) => Trace::Done(evidence.seen),
        Completion::Partial(evidence, _) => Trace::Partial(evidence.seen),
        Completion::Mismatch(what) => Trace::Partial(what),
    })
}
