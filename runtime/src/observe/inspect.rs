//! Shows what an interrupted script has left, before somebody records it with `repair`.

use migrator_model::Version;
use migrator_model::diagnostic::Position;
use migrator_model::file_name::Direction;
use migrator_model::sql::statements;
use migrator_plan::Conflict;
use migrator_plan::statement::{Statement, read as understood};

use crate::context::Context;
use crate::error::Error;
use crate::error::kind::ErrorKind;
use crate::history::failure::{failed, read_failed};
use crate::history::guard::Purpose;
use crate::history::{Entry, read};
use crate::session::client::Client;
use crate::step::resume::look::{self, Found};

/// What the catalog shows of the script of a dirty migration.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The migration.
    pub entry: Entry,
    /// Which of its scripts was interrupted.
    pub direction: Direction,
    /// Its statements in their order; none where no text of the script is known.
    pub statements: Vec<Inspected>,
}

/// What the catalog shows of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Where the statement begins in its script.
    pub position: Position,
    /// Its first line.
    pub text: String,
    /// What became of it.
    pub trace: Trace,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// What it does is done, as this says.
    Done(String),
    /// It has done nothing.
    NotDone,
    /// It was interrupted in the middle, or met something else, as this says.
    Partial(String),
    /// The catalog does not show it.
    Unknown,
}

impl Context {
    pub(crate) async fn inspect(
        &self,
        client: &Client,
        service: &str,
        version: Version,
    ) -> Result<Inspection, Error> {
        let history = self.history(client, Purpose::Look).await?;
        let entry = history.entry(service, version).cloned();
        let dirty = entry.and_then(|entry| Some((entry.dirty?, entry)));
        let Some((direction, entry)) = dirty else {
            return Err(ErrorKind::Refused(vec![Conflict::not_dirty(service, version)]).into());
        };
        let looked = async {
            let doing = "looking at what the script has left";
            let recorded =
                read::scripts(&self.reader(client, Purpose::Act), &history, service).await;
            let recorded = recorded.map_err(|error| read_failed(client, doing, error))?;
            let recorded = recorded.get(&version).cloned().unwrap_or_default();
            let migration = self.registry.migration(service, version);
            let migration = migration.filter(|one| one.checksum.to_string() == entry.checksum);
            let sql = match direction {
                Direction::Up => migration
                    .map(|one| one.up.sql().into_owned())
                    .or(recorded.0),
                Direction::Down => migration
                    .map(|one| one.down.sql().into_owned())
                    .or(recorded.1),
            };
            let inspected = inspect(client, &sql.unwrap_or_default()).await;
            inspected.map_err(|error| failed(client, doing.to_owned(), &error))
        };
        let statements = self.stop.read(client, looked).await?;
        Ok(Inspection {
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
        // Also where it says IF EXISTS, which a run that resumes just sends again.
        return Ok(match look::are_gone(client, drop).await? {
            true => Trace::Done("the index is gone".to_owned()),
            false => Trace::NotDone,
        });
    }
    let leaves_no_trace = matches!(statement, Statement::Repeatable | Statement::Reindex(_));
    Ok(match look::look(client, statement, None).await? {
        Found::NotBegun if leaves_no_trace => Trace::Unknown,
        Found::NotBegun => Trace::NotDone,
        Found::Done(evidence) => Trace::Done(evidence.seen),
        Found::Half(evidence, _) => Trace::Partial(evidence.seen),
        Found::Mismatch(what) => Trace::Partial(what),
    })
}
