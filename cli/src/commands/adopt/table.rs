//! The history table of another tool: its rows, and the statements that take it over.
//!
//! A transaction locks the table, judges it and then reads it, so that nobody replaces the table in
//! between.

use migrator_adopt::{Database, Lock, OldEntry, OldState, Tool};
use migrator_model::{Code, Subject};
use migrator_runtime::plan::{Conflict, Remedy};
use migrator_runtime::{Alongside, Client};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::{Error, SimpleQueryRow};

use super::find::{Wanted, literal, quoted, send, unread};
use crate::failure::Failure;

/// A history table, and the rows that were read.
pub(super) struct OldTable {
    tool: &'static dyn Tool,
    database: String,
    schema: String,
    name: String,
    /// Whether this role may set the table's comment.
    is_own: bool,
    pub(super) entries: Vec<OldEntry>,
    /// All rows as one text. [`OldTable::alongside`] compares it again.
    state: String,
}

/// The clause of a transaction that reads.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\
                     SET LOCAL row_security = off;";

impl OldTable {
    /// Finds and reads the table of a tool: the table with this name, or else the tool's own.
    pub(super) async fn read(
        client: &Client,
        tool: &'static dyn Tool,
        named: Option<&str>,
    ) -> Result<OldTable, Failure> {
        let wanted = Wanted::of(tool, named);
        let found = wanted.find(client).await?;
        let name = quoted(&found.schema, &wanted.name);
        let lock = format!("{BEGIN}LOCK TABLE {name} IN ACCESS SHARE MODE");
        let read = async {
            send(client, &lock).await?;
            // The first query of the transaction: the catalog as it is under the lock.
            let again = wanted.look(client, Some(&found.schema)).await?;
            let Some(again) = again.into_iter().find(|one| one.oid == found.oid) else {
                return Ok(None);
            };
            let query = tool.query(&name);
            let state = match again.flaw(&wanted) {
                Some(_) => Vec::new(),
                None => send(client, &state(&name, &query)).await?,
            };
            let rows = match state.is_empty() {
                true => Vec::new(),
                false => send(client, &query).await?,
            };
            Ok::<_, Error>(Some((again, state, rows)))
        };
        let read = read.await;
        let ended = client.postgres().batch_execute("ROLLBACK").await;
        let read = read.map_err(|error| unread(&name, &error))?;
        ended.map_err(|error| unread(&name, &error))?;
        let Some((again, state, rows)) = read else {
            return Err(wanted.absent());
        };
        if let Some(flaw) = again.flaw(&wanted) {
            return Err(flaw);
        }
        let state = state.first().and_then(|row| row.get(0)).unwrap_or_default();
        Ok(OldTable {
            tool,
            database: found.database,
            schema: found.schema,
            name: wanted.name,
            is_own: again.is_own,
            entries: rows.iter().filter_map(entry).collect(),
            state: state.to_owned(),
        })
    }

    /// The table as in messages.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// Whether this role may set the table's comment.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    /// The statements that run with the new entries: they take the lock of the tool, check that
    /// the rows are still the same, and leave a comment.
    pub(super) fn alongside(&self, comment: &str) -> Alongside {
        let table = quoted(&self.schema, &self.name);
        let tool = self.tool.name();
        let conflict = |message: String, advice: String| Conflict {
            code: Code::M1007,
            subject: Subject::Object(format!("table `{}`", self.shown())),
            message,
            remedy: Remedy::Advice(advice),
        };
        let busy = conflict(
            format!("{tool} is at work in this database"),
            format!("wait until {tool} has ended, and run the command again"),
        );
        let changed = conflict(
            format!("{tool} has changed this table after the plan was made"),
            "run the command again, and review the new plan".to_owned(),
        );
        let mut alongside = Alongside::default();
        let place = Database {
            database: &self.database,
            schema: &self.schema,
            table: &self.name,
        };
        if let Lock::Advisory(key) = self.tool.lock(place) {
            let lock = format!(
                "SELECT 1 OPERATOR(pg_catalog./) CASE WHEN \
                 pg_catalog.pg_try_advisory_xact_lock('{key}'::pg_catalog.int8) \
                 THEN 1 ELSE 0 END"
            );
            alongside = alongside.check(lock, busy.clone());
        }
        // A tool may not take its lock, such as goose by default. Each tool writes its table.
        let lock = format!("LOCK TABLE {table} IN EXCLUSIVE MODE NOWAIT");
        let same = format!(
            "SELECT 1 OPERATOR(pg_catalog./) CASE WHEN ({}) OPERATOR(pg_catalog.=) \
             {}::pg_catalog.text THEN 1 ELSE 0 END",
            state(&table, &self.tool.query(&table)),
            literal(&self.state)
        );
        let alongside = alongside.check(lock, busy).check(same, changed);
        match self.is_own {
            true => {
                let comment = literal(comment);
                alongside.after(format!("COMMENT ON TABLE {table} IS {comment}"))
            }
            false => alongside,
        }
    }
}

/// A query for the table and all its rows as one text.
fn state(table: &str, query: &str) -> String {
    let row = "pg_catalog.concat_ws(pg_catalog.chr(31), q.k, \
               COALESCE(q.t::pg_catalog.text, '-'), q.s)";
    format!(
        "SELECT pg_catalog.concat({}::pg_catalog.regclass::pg_catalog.oid, ':', \
           pg_catalog.string_agg({row}, pg_catalog.chr(30) \
             ORDER BY {row} COLLATE pg_catalog.\"C\")) \
         FROM ({query}) AS q(k, t, s)",
        literal(table)
    )
}

/// The migration of a row. A time that refinery could not read is left out.
fn entry(row: &SimpleQueryRow) -> Option<OldEntry> {
    let time = row.get(1);
    let time = time.filter(|time| OffsetDateTime::parse(time, &Rfc3339).is_ok());
    Some(OldEntry {
        key: row.get(0)?.to_owned(),
        applied_on: time.map(str::to_owned),
        state: OldState::find(row.get(2).unwrap_or_default()).unwrap_or(OldState::Failed),
    })
}
