//! The queries that read the event log.

use std::pin::pin;

use futures_util::TryStreamExt;
use migrator_model::Version;
use migrator_plan::Selection;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, SimpleQueryRow};

use super::failure::ReadError;
use super::log::{EventKind, LogEntry, LogFilter};
use super::parse;
use super::reader::{Reader, Trust, send};
use super::schema::Tables;
use super::write::array;
use crate::session::quote::quote_literal;
use crate::session::send::rows;

/// Passes the entries of the event log that a filter selects to `tell`, in the order in which they
/// were written. A database without a history has none.
///
/// The server selects the entries, and sends them as `tell` takes them: so the client holds only a
/// few of them. The first message checks the history, waits for a lock on the log, and reports why
/// the log cannot be read. The query has parameters, so it needs a message of its own. Nothing
/// of the check can change in between (see [`guard`](super::guard)).
pub(crate) async fn each(
    reader: &Reader<'_>,
    filter: &LogFilter,
    tell: &mut (dyn FnMut(LogEntry) + Send),
) -> Result<(), ReadError> {
    if !is_readable(reader).await? {
        return Ok(());
    }
    let begin = format!("BEGIN READ ONLY;{}", reader.settings());
    reader.session.batch_execute(&begin).await?;
    let sent = send_selected(reader, filter, tell).await;
    // After a failure, the server rolls back.
    let ended = reader.session.batch_execute("COMMIT").await;
    sent?;
    Ok(ended?)
}

/// Whether there is an event log. Fails if it may not be read.
async fn is_readable(reader: &Reader<'_>) -> Result<bool, ReadError> {
    let query = format!(
        "SELECT 'log' FROM {}{} LIMIT 0;",
        reader.tables.event(),
        Tables::SAMPLE
    );
    let Some(messages) = send(reader, Trust::Full, "", &query).await? else {
        return Ok(false);
    };
    let messages: Vec<_> = rows(messages).collect();
    parse::format_of(&messages)?;
    Ok(true)
}

async fn send_selected(
    reader: &Reader<'_>,
    filter: &LogFilter,
    tell: &mut (dyn FnMut(LogEntry) + Send),
) -> Result<(), ReadError> {
    let services = match &filter.services {
        Selection::All => None,
        Selection::Named(names) => Some(names),
    };
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
    let kinds = (!kinds.is_empty()).then_some(kinds);
    let newest = filter
        .newest
        .map(|most| i64::try_from(most).unwrap_or(i64::MAX));
    let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
        (&services, Type::TEXT_ARRAY),
        (&kinds, Type::TEXT_ARRAY),
        (&filter.since, Type::TEXT),
        (&newest, Type::INT8),
    ];
    let query = selected(reader.tables);
    let rows = reader.session.query_typed_raw(&query, parameters).await?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await? {
        tell(entry_in(&row)?);
    }
    Ok(())
}

/// The query for the entries that the parameters select.
fn selected(tables: &Tables) -> String {
    let event = tables.event();
    let sample = Tables::SAMPLE;
    let is_selected = "($1 IS NULL OR service OPERATOR(pg_catalog.=) ANY ($1)) \
         AND ($2 IS NULL OR kind OPERATOR(pg_catalog.=) ANY ($2)) \
         AND ($3 IS NULL OR at OPERATOR(pg_catalog.>=) $3::pg_catalog.timestamptz)";
    format!(
        "SELECT {LOG} FROM {event}{sample} WHERE {is_selected} \
           AND ($4 IS NULL OR id OPERATOR(pg_catalog.>=) (\
             SELECT pg_catalog.min(id) FROM (\
               SELECT id FROM {event}{sample} WHERE {is_selected} ORDER BY id DESC LIMIT $4\
             ) newest)) \
         ORDER BY id"
    )
}

/// Reads the entry of the event log that is the newest of those that recorded a migration, for each
/// migration.
pub(crate) async fn of_entries(reader: &Reader<'_>) -> Result<Vec<LogEntry>, ReadError> {
    let query = format!(
        "SELECT DISTINCT ON (service, version) {LOG} FROM {event}{sample} \
         WHERE {records} \
         ORDER BY service, version, id DESC;",
        event = reader.tables.event(),
        sample = Tables::SAMPLE,
        records = records(),
    );
    let Some(messages) = send(reader, Trust::Full, "", &query).await? else {
        return Ok(Vec::new());
    };
    log(&rows(messages).collect::<Vec<_>>())
}

/// The message of the last failure of a migration, if its last event is a failure.
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
        reader.opening(Trust::Full),
        reader.tables.event(),
        quote_literal(service),
        version.as_integer()
    );
    let last = rows(reader.ask(&query).await?).next();
    let last = last.filter(|row| row.get(0) == Some("failure"));
    Ok(last.and_then(|row| row.get(1).map(str::to_owned)))
}

/// The condition that an event records a migration.
pub(super) fn records() -> String {
    let kinds = EventKind::ALL.iter().filter(|kind| kind.records());
    let kinds = array(kinds.map(|kind| kind.as_str()));
    format!("kind OPERATOR(pg_catalog.=) ANY ({kinds})")
}

/// The columns of an entry of the event log.
const LOG: &str = "'log'::pg_catalog.text, \
    pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
    kind, service, version::pg_catalog.text, name, milliseconds::pg_catalog.text, message, application, \
    migrator_version, role, pg_catalog.host(client), id";

/// The entries of the event log, from the rows of the format and the log.
fn log(rows: &[SimpleQueryRow]) -> Result<Vec<LogEntry>, ReadError> {
    let (formats, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| parse::is_format(row));
    parse::format_of(formats)?;
    let log = rest.into_iter().map(|row| {
        let entry = parse::log_entry(|column| row.get(column));
        entry.ok_or_else(|| ReadError::Row(parse::describe(row)))
    });
    log.collect()
}

/// The entry in a row of the answer to [`selected`].
fn entry_in(row: &Row) -> Result<LogEntry, ReadError> {
    let text = |column| row.try_get::<_, Option<&str>>(column).ok().flatten();
    let entry = parse::log_entry(text);
    entry.ok_or_else(|| {
        let fields: Vec<&str> = (1..row.len()).map(|i| text(i).unwrap_or("NULL")).collect();
        ReadError::Row(fields.join(", "))
    })
}
