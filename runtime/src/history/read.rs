//! Reads the history in one round trip.

use std::collections::BTreeMap;
use std::time::Duration;

use migrator_model::directive::irreversible;
use migrator_model::file_name::Direction;
use migrator_model::registry::MigrationRef;
use migrator_model::{MigrationId, Version};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::guard::{self, Purpose};
use super::schema::Tables;
use super::{Entry, FORMAT, History, RecordedMigration, Stored};
use crate::event::blocker::{Blocker, WaitingFor};
use crate::event::{Event, Listener};
use crate::options::Options;
use crate::session::answer::named_position;
use crate::session::client::Client;
use crate::session::quote::quote_literal;
use crate::session::send::rows;
use crate::session::timeouts::milliseconds;
use crate::session::watch::{Waiting, Watch};

/// Why a history could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The tables are of a format that this version does not know.
    Format(String),
    /// A row is not what this version writes.
    Row(String),
    /// The server refused, or the connection was lost.
    Postgres {
        /// What the server or the connection said.
        error: tokio_postgres::Error,
        /// Who held the lock that the read waited for, as far as this was seen.
        blockers: Vec<Blocker>,
    },
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> ReadError {
        ReadError::Postgres {
            error,
            blockers: Vec::new(),
        }
    }
}

impl ReadError {
    /// Whether the read waited for a lock for too long (SQLSTATE 55P03).
    pub(crate) fn is_locked(&self) -> bool {
        match self {
            ReadError::Postgres { error, .. } => {
                error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
            }
            ReadError::Format(_) | ReadError::Row(_) => false,
        }
    }

    /// Whether somebody may end the cause while the caller waits: the role lacks a right, or a
    /// session holds a lock.
    pub(crate) fn may_pass(&self) -> bool {
        let passing = [
            &SqlState::INSUFFICIENT_PRIVILEGE,
            &SqlState::LOCK_NOT_AVAILABLE,
        ];
        match self {
            ReadError::Postgres { error, .. } => {
                error.code().is_some_and(|code| passing.contains(&code))
            }
            ReadError::Format(_) | ReadError::Row(_) => false,
        }
    }
}

/// How the history is read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The session that reads.
    pub(crate) session: &'a tokio_postgres::Client,
    pub(crate) tables: &'a Tables,
    pub(crate) purpose: Purpose,
    /// How long a read waits for a lock that another session holds on a table of the history;
    /// zero is no limit.
    pub(crate) lock_timeout: Duration,
    /// Who looks for the sessions that keep a read waiting; nobody if nothing is given.
    pub(crate) watcher: Option<Watcher<'a>>,
}

/// Names the sessions that keep a read waiting.
#[derive(Clone, Copy)]
pub(crate) struct Watcher<'a> {
    pub(crate) client: &'a Client,
    pub(crate) application: &'a str,
    /// Who is told of a wait that lasts.
    pub(crate) listener: Option<&'a Listener>,
}

impl<'a> Reader<'a> {
    /// A reader over the session of a client.
    pub(crate) fn new(
        client: &'a Client,
        tables: &'a Tables,
        options: &'a Options,
        purpose: Purpose,
    ) -> Reader<'a> {
        Reader {
            session: client.postgres(),
            tables,
            purpose,
            lock_timeout: options.lock_timeout,
            watcher: Some(Watcher {
                client,
                application: &options.application,
                listener: None,
            }),
        }
    }

    /// The same, and a listener is told of a wait that lasts.
    pub(crate) fn told_to(mut self, listener: Option<&'a Listener>) -> Reader<'a> {
        if let Some(watcher) = &mut self.watcher {
            watcher.listener = listener;
        }
        self
    }

    /// What goes before every statement that reads the history, in its message: a limit to the
    /// wait for a locked table, and a check that the history can be trusted. And rows that row
    /// security would hide are an error.
    fn opening(&self) -> String {
        let check = guard::check(self.tables, self.purpose);
        format!(
            "/* migrator reads its history */ SET LOCAL lock_timeout = {};\
             {check}SET LOCAL row_security = off;",
            milliseconds(self.lock_timeout)
        )
    }

    /// Sends a message. If it waits for a lock, this looks who holds that lock; a read that
    /// does not wait costs no round trip more.
    async fn ask(&self, message: &str) -> Result<Vec<SimpleQueryMessage>, ReadError> {
        let answers = self.session.simple_query(message);
        let Some(watcher) = self.watcher else {
            return Ok(answers.await?);
        };
        let waiting = Waiting {
            client: watcher.client,
            application: watcher.application,
            message,
            limit: self.lock_timeout,
        };
        let tell = |what: &WaitingFor| {
            if let Some(listener) = watcher.listener {
                let subject = "reading the history";
                listener.tell(&Event::Held { subject, what });
            }
        };
        let mut watch = Watch::default();
        // Boxed: every future that reads would hold it.
        let answers = Box::pin(watch.during(waiting, tell, answers)).await;
        answers.map_err(|error| ReadError::Postgres {
            blockers: match error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                true => watch.blockers(self.lock_timeout),
                false => Vec::new(),
            },
            error,
        })
    }
}

/// Reads all entries of all services; no history at all is an empty one.
///
/// One message: the check, the format, the tables, the entries.
pub(crate) async fn history(reader: &Reader<'_>) -> Result<History, ReadError> {
    Ok(history_and(reader, "").await?.0)
}

/// Reads it in the same message as the answers to another query, which goes first
/// and whose rows open with `also`. Without a history there are none.
pub(crate) async fn history_and(
    reader: &Reader<'_>,
    first: &str,
) -> Result<(History, Vec<SimpleQueryRow>), ReadError> {
    let Some(messages) = send(reader, first, &query(reader.tables)).await? else {
        return Ok((History::default(), Vec::new()));
    };
    let is_other = |row: &SimpleQueryRow| row.get(0) == Some("also");
    let (others, own): (Vec<_>, Vec<_>) = rows(messages).partition(is_other);
    Ok((parse(&own)?, others))
}

/// Sends `first`, a question for the format and the rest as one message; nothing if
/// there is no history.
///
/// That there is none is known by the server pointing at the format's table. Where it
/// points at another one, the history was altered, or is of another format.
async fn send(
    reader: &Reader<'_>,
    first: &str,
    rest: &str,
) -> Result<Option<Vec<SimpleQueryMessage>>, ReadError> {
    let head = format!(
        "{}{first}SELECT 'format', format FROM {}{};",
        reader.opening(),
        reader.tables.format(),
        Tables::SAMPLE
    );
    let message = format!("{head}{rest}");
    let mut answers = reader.ask(&message).await;
    // Above READ COMMITTED, the tables may be younger than the snapshot of the check.
    if answers
        .as_deref()
        .is_ok_and(|answers| !answers.iter().any(is_format))
    {
        answers = reader.ask(&message).await;
    }
    let failure = match answers {
        Ok(messages) => return Ok(Some(messages)),
        Err(failure) => failure,
    };
    let ReadError::Postgres { error, .. } = &failure else {
        return Err(failure);
    };
    let Some(said) = error.as_db_error() else {
        return Err(failure);
    };
    if guard::raised(said).is_some() {
        return Err(failure);
    }
    let place = named_position(said).and_then(|place| usize::try_from(place).ok());
    if is_absent(said) && place.is_some_and(|place| place <= head.chars().count()) {
        return Ok(None);
    }
    // Boxed: it is rare, and would be part of every future that reads.
    let other = match *said.code() == SqlState::LOCK_NOT_AVAILABLE {
        true => None,
        false => Box::pin(other_format(reader)).await,
    };
    Err(other.unwrap_or(failure))
}

fn is_format(answer: &SimpleQueryMessage) -> bool {
    matches!(answer, SimpleQueryMessage::Row(row) if row.get(0) == Some("format"))
}

/// The format, where it is another one than ours.
async fn other_format(reader: &Reader<'_>) -> Option<ReadError> {
    let query = format!(
        "{}SELECT format FROM {}{}",
        reader.opening(),
        reader.tables.format(),
        Tables::SAMPLE
    );
    let mut rows = rows(reader.ask(&query).await.ok()?);
    let format = rows.next()?.get(0)?.to_owned();
    (format != FORMAT.to_string()).then_some(ReadError::Format(format))
}

/// Reads the scripts that were recorded with some entries of a service.
pub(crate) async fn scripts_of(
    reader: &Reader<'_>,
    service: &str,
    versions: &[Version],
) -> Result<Vec<(Version, Scripts)>, ReadError> {
    let versions = versions
        .iter()
        .map(|version| version.as_integer().to_string());
    let query = format!(
        "{}SELECT version, up_script, down_script FROM {} \
         WHERE version OPERATOR(pg_catalog.=) ANY (ARRAY[{}]::pg_catalog.int8[])",
        reader.opening(),
        reader.tables.of(service),
        versions.collect::<Vec<_>>().join(", ")
    );
    let messages = reader.ask(&query).await?;
    let script = |row: SimpleQueryRow| {
        let version = Version::from_integer(row.get(0)?.parse().ok()?);
        let text = |column| row.get(column).map(str::to_owned);
        Some((version, (text(1), text(2))))
    };
    Ok(rows(messages).filter_map(script).collect())
}

/// An up and a down script, as far as they were recorded.
pub(crate) type Scripts = (Option<String>, Option<String>);

/// Reads the scripts that were recorded with the entries of a service; none if the
/// history has no table of it.
pub(crate) async fn scripts(
    reader: &Reader<'_>,
    history: &History,
    service: &str,
) -> Result<BTreeMap<Version, Scripts>, ReadError> {
    if !history.has_table(service) {
        return Ok(BTreeMap::new());
    }
    let query = format!(
        "{}SELECT version, up_script, down_script FROM {}",
        reader.opening(),
        reader.tables.of(service)
    );
    let messages = reader.ask(&query).await?;
    let scripts = |row: SimpleQueryRow| {
        let version = Version::from_integer(row.get(0)?.parse().ok()?);
        let text = |column| row.get(column).map(str::to_owned);
        Some((version, (text(1), text(2))))
    };
    Ok(rows(messages).filter_map(scripts).collect())
}

/// What was said of a migration when a run failed at it, if that was the last that
/// was heard of it.
pub(crate) async fn last_failure(
    reader: &Reader<'_>,
    service: &str,
    version: Version,
) -> Result<Option<String>, ReadError> {
    let query = format!(
        "{}SELECT kind, message FROM {} \
         WHERE service OPERATOR(pg_catalog.=) {} \
           AND version OPERATOR(pg_catalog.=) {}::pg_catalog.int8 \
         ORDER BY id DESC LIMIT 1",
        reader.opening(),
        reader.tables.event(),
        quote_literal(service),
        version.as_integer()
    );
    let last = rows(reader.ask(&query).await?).next();
    let last = last.filter(|row| row.get(0) == Some("failure"));
    Ok(last.and_then(|row| row.get(1).map(str::to_owned)))
}

/// Reads how each entry came about, in the order in which that happened; no
/// history at all is an empty one.
///
/// The events give the order, as clocks may be set back. What has none was there
/// before there were any.
pub(crate) async fn recorded(reader: &Reader<'_>) -> Result<Vec<RecordedMigration>, ReadError> {
    let query = format!(
        "SELECT c.relname, h.version, h.name, h.up_script, e.role, h.dirty, h.checksum \
           FROM {parent} h \
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.tableoid \
           LEFT JOIN LATERAL (SELECT id, role FROM {event} \
             WHERE kind OPERATOR(pg_catalog.=) \
                 ANY (ARRAY['apply', 'repair']::pg_catalog.text[]) \
               AND version OPERATOR(pg_catalog.=) h.version \
               AND pg_catalog.concat(service, '{suffix}') \
                 OPERATOR(pg_catalog.=) c.relname::pg_catalog.text \
             ORDER BY id DESC LIMIT 1) e ON true \
           ORDER BY e.id NULLS FIRST, h.applied_on, c.relname, h.version;",
        parent = reader.tables.parent(),
        event = reader.tables.event(),
        suffix = Tables::SUFFIX,
    );
    let Some(messages) = send(reader, "", &query).await? else {
        return Ok(Vec::new());
    };
    let (formats, rows): (Vec<_>, Vec<_>) =
        rows(messages).partition(|row| row.get(0) == Some("format"));
    check(formats.iter().filter_map(|row| row.get(1)))?;
    rows.iter()
        .map(|row| as_recorded(row).ok_or_else(|| ReadError::Row(describe(row))))
        .collect()
}

/// The format must be ours, and there be one.
fn check<'r>(formats: impl Iterator<Item = &'r str>) -> Result<(), ReadError> {
    let ours = FORMAT.to_string();
    let mut known = false;
    for format in formats {
        if format != ours {
            return Err(ReadError::Format(format.to_owned()));
        }
        known = true;
    }
    match known {
        true => Ok(()),
        false => Err(ReadError::Format("of none".to_owned())),
    }
}

fn as_recorded(row: &SimpleQueryRow) -> Option<RecordedMigration> {
    let text = |column| row.get(column).map(str::to_owned);
    Some(RecordedMigration {
        id: id(row, 0)?,
        up_script: text(3),
        role: text(4),
        dirty: direction(row.get(5)).ok()?,
        checksum: text(6)?,
    })
}

/// A value of `dirty` that nobody of us has written.
struct NoDirection;

fn direction(dirty: Option<&str>) -> Result<Option<Direction>, NoDirection> {
    match dirty {
        None => Ok(None),
        Some(word) => Direction::find(word).map(Some).ok_or(NoDirection),
    }
}

fn query(tables: &Tables) -> String {
    let parent = tables.parent();
    format!(
        "SELECT 'table', c.relname FROM pg_catalog.pg_inherits i \
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid \
           WHERE i.inhparent OPERATOR(pg_catalog.=) {regclass}::pg_catalog.regclass \
           ORDER BY 2;\
         SELECT 'entry', c.relname, version, name, applied_on, checksum, \
             fingerprint, dirty, \
             pg_catalog.array_to_string(requires, ' '), \
             pg_catalog.array_to_string(depends_on, ' '), \
             CASE WHEN down_script IS NULL THEN NULL \
               WHEN pg_catalog.strpos(pg_catalog.concat(down_script), 'irreversible') \
                 OPERATOR(pg_catalog.=) 0 THEN '' ELSE down_script END \
           FROM {parent} h{sample} \
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.tableoid;",
        regclass = quote_literal(&parent),
        sample = Tables::SAMPLE,
    )
}

fn is_absent(said: &DbError) -> bool {
    let absent = [&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME];
    absent.contains(&said.code())
}

fn parse(rows: &[SimpleQueryRow]) -> Result<History, ReadError> {
    let mut formats = Vec::new();
    let mut tables = Vec::new();
    let mut entries = Vec::new();
    for row in rows {
        let second = row.get(1).unwrap_or_default();
        match row.get(0) {
            Some("format") => formats.push(second),
            Some("table") => tables.extend(Tables::service_of(second).map(str::to_owned)),
            _ => entries.push(row),
        }
    }
    check(formats.into_iter())?;
    let entries: Result<Vec<Entry>, ReadError> = entries
        .into_iter()
        .map(|row| entry(row).ok_or_else(|| ReadError::Row(describe(row))))
        .collect();
    let entries = entries?;
    let history = History::new(entries);
    Ok(history.with_tables(tables))
}

fn describe(row: &SimpleQueryRow) -> String {
    let fields: Vec<&str> = (1..row.len())
        .map(|i| row.get(i).unwrap_or("NULL"))
        .collect();
    fields.join(", ")
}

fn entry(row: &SimpleQueryRow) -> Option<Entry> {
    let text = |column| row.get(column).map(str::to_owned);
    let fingerprint = match row.get(6) {
        Some(hex) => Some(u64::from_str_radix(hex, 16).ok()?),
        None => None,
    };
    let dirty = direction(row.get(7)).ok()?;
    let requires: Option<Vec<MigrationRef>> = words(row.get(8)).map(reference).collect();
    Some(Entry {
        id: id(row, 1)?,
        applied_on: text(4)?,
        checksum: text(5)?,
        fingerprint,
        dirty,
        requires: requires?,
        depends_on: words(row.get(9)).map(str::to_owned).collect(),
        down_script: match row.get(10) {
            Some(text) => irreversible(text).map_or(Stored::Yes, Stored::Irreversible),
            None => Stored::No,
        },
    })
}

/// The identity of a migration, of which the table, the version and the name are from
/// this column on.
fn id(row: &SimpleQueryRow, first: usize) -> Option<MigrationId> {
    let service = Tables::service_of(row.get(first)?)?.to_owned();
    let version = Version::from_integer(row.get(first + 1)?.parse().ok()?);
    Some(MigrationId::recorded(service, version, row.get(first + 2)?))
}

fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split_whitespace()
}

fn reference(text: &str) -> Option<MigrationRef> {
    let (service, version) = text.split_once('/')?;
    Some(MigrationRef {
        service: service.to_owned().into(),
        version: Version::from_integer(version.parse().ok()?),
    })
}
