//! The queries that read the history; each costs one round trip.

use std::collections::BTreeMap;

use migrator_model::{Version, small};
use tokio_postgres::SimpleQueryRow;

use super::digest::{self, Digest};
use super::failure::ReadError;
use super::format::with_defaults;
use super::guard::{self, Unusual};
use super::parse;
use super::reader::{Reader, Trust, send};
use super::schema::Tables;
use super::{History, RecordedMigration, read_log};
use crate::session::quote::quote_literal;
use crate::session::send::rows;

/// Reads all entries of all services. A database without a history has an empty one.
///
/// One message: the check, the format, the tables, the entries.
pub(crate) async fn history(reader: &Reader<'_>) -> Result<History, ReadError> {
    Ok(history_and(reader, "").await?.0)
}

/// Reads all entries and the answer to the query `first` in one message. The rows of that
/// answer start with `also`; without a history it has none.
pub(crate) async fn history_and(
    reader: &Reader<'_>,
    first: &str,
) -> Result<(History, Vec<SimpleQueryRow>), ReadError> {
    let query = query(reader.tables, "true");
    let (own, others) = read(reader, Trust::Full, first, &query).await?;
    Ok((parse::history(&own)?, others))
}

/// As [`history_and`], unless some services have exactly these digests: then the server sends no
/// entry, and the history is `None`.
///
/// The message has no query that names flaws. A history that is not as migrator creates it costs
/// one more round trip.
pub(crate) async fn history_unless_same(
    reader: &Reader<'_>,
    first: &str,
    digests: &[Digest],
) -> Result<(Option<History>, Vec<SimpleQueryRow>), ReadError> {
    let (trust, query) = short_look(reader.tables, digests);
    let looked = match read(reader, trust, first, &query).await {
        Err(error) if error.is_unusual() => {
            let query = look(reader.tables, digests, "");
            // Boxed: it is rare, and every future that reads would contain it.
            Box::pin(read(reader, Trust::Full, first, &query)).await
        }
        looked => looked,
    };
    let (own, others) = looked?;
    Ok((parse::history_unless_same(&own)?, others))
}

/// Sends a query for the history. Returns its rows with those of the format, and the rows that
/// answer the query `first`. A database without a history has none.
async fn read(
    reader: &Reader<'_>,
    trust: Trust,
    first: &str,
    query: &str,
) -> Result<(Vec<SimpleQueryRow>, Vec<SimpleQueryRow>), ReadError> {
    let Some(messages) = send(reader, trust, first, query).await? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let is_other = |row: &SimpleQueryRow| row.get(0) == Some("also");
    let (others, own) = rows(messages).partition(is_other);
    Ok((own, others))
}

/// Reads the recorded scripts of these versions of a service. The query names the parent of the
/// tables, which a role that only looks may read.
pub(crate) async fn scripts_of(
    reader: &Reader<'_>,
    service: &str,
    versions: &[Version],
) -> Result<Vec<(Version, Scripts)>, ReadError> {
    let versions = versions
        .iter()
        .map(|version| version.as_integer().to_string());
    let query = format!(
        "{}SELECT version, up_script, down_script FROM {}{} \
         WHERE tableoid OPERATOR(pg_catalog.=) {}::pg_catalog.regclass \
           AND version OPERATOR(pg_catalog.=) ANY (ARRAY[{}]::pg_catalog.int8[])",
        reader.opening(Trust::Full),
        reader.tables.parent(),
        Tables::SAMPLE,
        quote_literal(&reader.tables.of(service)),
        versions.collect::<Vec<_>>().join(", ")
    );
    let messages = reader.ask(&query).await?;
    Ok(rows(messages).filter_map(|row| scripts_in(&row)).collect())
}

/// An up and a down script, as far as they were recorded.
pub(crate) type Scripts = (Option<String>, Option<String>);

/// Reads the recorded scripts of all versions of a service; none if the service has no table.
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
        reader.opening(Trust::Full),
        reader.tables.of(service)
    );
    let messages = reader.ask(&query).await?;
    let scripts = rows(messages).filter_map(|row| scripts_in(&row));
    Ok(small::collect(scripts))
}

/// The version and the scripts in a row.
fn scripts_in(row: &SimpleQueryRow) -> Option<(Version, Scripts)> {
    let version = Version::from_integer(row.get(0)?.parse().ok()?);
    let text = |column| row.get(column).map(str::to_owned);
    Some((version, (text(1), text(2))))
}

/// Reads all recorded migrations with their up scripts, in the order in which they were
/// applied. A database without a history has none.
///
/// The events give the order, because a clock may be set back. Entries without an event come
/// first: the history is older than its events.
pub(crate) async fn recorded(reader: &Reader<'_>) -> Result<Vec<RecordedMigration>, ReadError> {
    let query = format!(
        "SELECT c.relname, h.version, h.name, h.up_script, e.role, h.dirty, h.checksum \
           FROM {parent} h \
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.tableoid \
           LEFT JOIN LATERAL (SELECT id, role FROM {event} \
             WHERE {records} \
               AND version OPERATOR(pg_catalog.=) h.version \
               AND pg_catalog.concat(service, '{suffix}') \
                 OPERATOR(pg_catalog.=) c.relname::pg_catalog.text \
             ORDER BY id DESC LIMIT 1) e ON true \
           ORDER BY e.id NULLS FIRST, h.applied_on, c.relname, h.version;",
        parent = reader.tables.parent(),
        event = reader.tables.event(),
        records = read_log::records(),
        suffix = Tables::SUFFIX,
    );
    let Some(messages) = send(reader, Trust::Full, "", &query).await? else {
        return Ok(Vec::new());
    };
    parse::recorded(&rows(messages).collect::<Vec<_>>())
}

/// The tables of services, and the entries, if `condition` is true.
fn query(tables: &Tables, condition: &str) -> String {
    format!(
        "SELECT 'table', c.relname FROM pg_catalog.pg_inherits i \
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid \
           WHERE {condition} AND i.inhparent OPERATOR(pg_catalog.=) \
             {regclass}::pg_catalog.regclass::pg_catalog.oid;{entries};",
        regclass = quote_literal(&tables.parent()),
        entries = entries(tables, condition),
    )
}

/// As [`query`], but the server reads an entry only if the digests differ. If they are the same,
/// its row says so ([`digest::compare`]). `check` comes between the comparison and the entries.
fn look(tables: &Tables, digests: &[Digest], check: &str) -> String {
    let compare = digest::compare(tables, digests);
    compare + check + &query(tables, &digest::differs())
}

/// A look that fails if the history is unusual, and the check that must come before it.
fn short_look(tables: &Tables, digests: &[Digest]) -> (Trust, String) {
    let check = guard::check_rest_if(tables, &digest::differs(), Unusual::Fail);
    (Trust::Readable, look(tables, digests, &check))
}

/// A query for the entries, if `condition` is true. Format 1 has no column `origin`.
fn entries(tables: &Tables, condition: &str) -> String {
    let query = format!(
        "SELECT 'entry', c.relname, version, name, applied_on, checksum, \
             fingerprint, dirty, \
             pg_catalog.array_to_string(requires, ' '), \
             pg_catalog.array_to_string(depends_on, ' '), \
             CASE WHEN down_script IS NULL THEN NULL \
               WHEN pg_catalog.strpos(pg_catalog.concat(down_script), 'irreversible') \
                 OPERATOR(pg_catalog.=) 0 THEN '' ELSE down_script END, \
             origin \
           FROM {parent} h{sample} \
           JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.tableoid \
           WHERE {condition}",
        parent = tables.parent(),
        sample = Tables::SAMPLE,
    );
    with_defaults(&[("origin", "NULL::pg_catalog.text")], &query)
}
