//! Finds in the catalog how far a statement came.
//!
//! The server looks up names along the session's `search_path`, as for the statement itself. So
//! every name and operator in the queries here has its schema. Postgres's manual describes what
//! an interrupted `CREATE INDEX CONCURRENTLY`, `DROP INDEX CONCURRENTLY` and `REINDEX` leave.

use std::fmt;

use migrator_plan::statement::{AddValue, CreateIndex, DropIndex, Name, Other, Reindex, Statement};
use tokio_postgres::SimpleQueryRow;

use crate::event::blocker::Holder;
use crate::session::client::Client;
use crate::session::quote::{quote_identifier, quote_literal};
use crate::session::send::rows;

/// How far a statement came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// It has not begun, or can be repeated: the run sends it.
    NotBegun,
    /// It is done: the run skips it.
    Done(Evidence),
    /// It was interrupted: the run drops these indexes, named as in SQL, and sends the statement.
    Partial(Evidence, Vec<String>),
    /// The run cannot resume the statement, for this reason.
    Mismatch(String),
}

/// What the catalog shows, and what a run that resumes does about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// For example: the index `i` was left invalid.
    pub(crate) seen: String,
    then: &'static str,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.seen, self.then)
    }
}

type Answer<T> = Result<T, tokio_postgres::Error>;

/// Finds how far a statement came. `failed` is the error of the last run that failed at this
/// step, if it recorded one.
pub(crate) async fn completion(
    client: &Client,
    statement: &Statement<'_>,
    failed: Option<&str>,
) -> Answer<Completion> {
    match statement {
        Statement::Repeatable => Ok(Completion::NotBegun),
        Statement::CreateIndex(create) => create_index(client, create).await,
        Statement::DropIndex(drop) => drop_index(client, drop, failed).await,
        Statement::Reindex(reindex) => reindex_leftovers(client, reindex).await,
        Statement::AddValue(add) => add_value(client, add).await,
    }
}

async fn ask(client: &Client, query: &str) -> Answer<Vec<SimpleQueryRow>> {
    Ok(rows(client.postgres().simple_query(query).await?).collect())
}

async fn create_index(client: &Client, create: &CreateIndex<'_>) -> Answer<Completion> {
    let CreateIndex { name, table, .. } = create;
    let query = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, t.relname), \
           pg_catalog.format('%I.%I', n.nspname, x.relname), x.oid, \
           x.relkind OPERATOR(pg_catalog.=) 'i' AND i.indrelid OPERATOR(pg_catalog.=) t.oid, \
           i.indisvalid \
         FROM pg_catalog.pg_class t \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace \
         JOIN pg_catalog.pg_class x ON x.relnamespace OPERATOR(pg_catalog.=) t.relnamespace \
         LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) x.oid \
         WHERE t.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({})::pg_catalog.oid \
           AND x.relname OPERATOR(pg_catalog.=) {}::pg_catalog.name",
        quote_literal(&table.to_string()),
        quote_literal(name),
    );
    let rows = ask(client, &query).await?;
    let Some(row) = rows.first() else {
        return Ok(Completion::NotBegun);
    };
    let text = |column: usize| row.get(column).unwrap_or_default();
    let (own, index, oid) = (text(0), text(1), text(2));
    let tolerated = create.other == Other::Tolerated;
    match (text(3), text(4)) {
        ("t", "t") if tolerated => Ok(done(name)),
        ("t", valid) => Ok(match same(client, create, own, oid).await? {
            Some(true) if valid == "t" => done(name),
            Some(true) => Completion::Partial(
                Evidence {
                    seen: format!("the index `{name}` was left invalid"),
                    then: "it is dropped and built again",
                },
                vec![index.to_owned()],
            ),
            Some(false) => Completion::Mismatch(format!(
                "there is an index `{name}` already, with another definition than the script's"
            )),
            None => Completion::Mismatch(format!(
                "there is an index `{name}` already, of which the server did not say whether \
                 it is the script's"
            )),
        }),
        _ if tolerated => Ok(done(name)),
        _ => Ok(Completion::Mismatch(format!(
            "there is a `{name}` already, which is no index of {own}"
        ))),
    }
}

fn done(index: &str) -> Completion {
    Completion::Done(Evidence {
        seen: format!("the index `{index}` is there and valid"),
        then: "it is not built again",
    })
}

/// Whether an existing index is the one that a statement creates. `None` if the server refuses
/// the statement for a copy of the table.
///
/// The server itself evaluates the definition: it creates the index on an empty temporary
/// table with the same columns and name, and then rolls both back.
async fn same(
    client: &Client,
    create: &CreateIndex<'_>,
    table: &str,
    oid: &str,
) -> Answer<Option<bool>> {
    let copy = quote_identifier(&create.table.name);
    let index = quote_identifier(&create.name);
    let query = format!(
        "BEGIN;CREATE TEMPORARY TABLE {copy} (LIKE {table});\
         CREATE {unique} INDEX {index} ON pg_temp.{copy} {rest}\n;\
         SET LOCAL search_path = pg_catalog, pg_temp;\
         SELECT {own} = {made} FROM pg_catalog.pg_class x \
           WHERE x.relname = {name}::name AND x.relnamespace = pg_my_temp_schema();\
         ROLLBACK;",
        unique = create.uniqueness,
        rest = create.rest,
        own = snapshot(oid),
        made = snapshot("x.oid"),
        name = quote_literal(&create.name),
    );
    match ask(client, &query).await {
        Ok(rows) => Ok(rows.last().and_then(|row| row.get(0)).map(|is| is == "t")),
        Err(error) if error.as_db_error().is_some() => {
            client.postgres().batch_execute("ROLLBACK").await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// An expression for everything about an index but its name, its table and its tablespace.
fn snapshot(oid: &str) -> String {
    format!(
        "(SELECT ROW(i.indisunique, i.indnkeyatts, i.indoption::text, i.indclass::text, \
             i.indcollation::text, c.relam, c.reloptions, \
             to_jsonb(i) ->> 'indnullsnotdistinct', pg_get_expr(i.indpred, i.indrelid), \
             ARRAY(SELECT ROW(pg_get_indexdef(i.indexrelid, a.attnum, false), a.attoptions)::text \
               FROM pg_attribute a WHERE a.attrelid = i.indexrelid ORDER BY a.attnum))::text \
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indexrelid = {oid})"
    )
}

async fn is_there(client: &Client, name: &Name) -> Answer<bool> {
    let name = quote_literal(&name.to_string());
    let query = format!("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
    let rows = ask(client, &query).await?;
    Ok(rows.first().and_then(|row| row.get(0)) == Some("t"))
}

/// Whether none of the indexes exists.
pub(crate) async fn are_gone(client: &Client, drop: &DropIndex) -> Answer<bool> {
    for name in &drop.names {
        if is_there(client, name).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn drop_index(client: &Client, drop: &DropIndex, failed: Option<&str>) -> Answer<Completion> {
    for name in &drop.names {
        let is_there = is_there(client, name).await?;
        // The earlier run failed because this index was missing. The statement must fail again.
        let was_named =
            failed.is_some_and(|message| message.contains(&format!("\"{}\"", name.name)));
        if is_there || drop.other == Other::Tolerated || was_named {
            return Ok(Completion::NotBegun);
        }
    }
    let names: Vec<String> = drop.names.iter().map(|n| format!("`{}`", n.name)).collect();
    Ok(Completion::Done(match names.as_slice() {
        [one] => Evidence {
            seen: format!("the index {one} is gone"),
            then: "it is not dropped again",
        },
        several => Evidence {
            seen: format!("the indexes {} are gone", several.join(", ")),
            then: "they are not dropped again",
        },
    }))
}

/// The invalid indexes that a `REINDEX … CONCURRENTLY` left beside the old ones.
async fn reindex_leftovers(client: &Client, reindex: &Reindex) -> Answer<Completion> {
    let query = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, x.relname), x.relname \
         FROM (SELECT pg_catalog.to_regclass({name})::pg_catalog.oid AS oid) it \
         JOIN pg_catalog.pg_index o ON o.indexrelid OPERATOR(pg_catalog.=) it.oid \
           OR o.indrelid OPERATOR(pg_catalog.=) it.oid \
         JOIN pg_catalog.pg_class own ON own.oid OPERATOR(pg_catalog.=) o.indexrelid \
         JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) o.indrelid \
           AND NOT i.indisvalid \
         JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) x.relnamespace \
         WHERE x.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$' \
           AND pg_catalog.starts_with(own.relname::pg_catalog.text, pg_catalog.regexp_replace(\
             x.relname::pg_catalog.text, '_cc(new|old)[0-9]*$', '')) \
           AND (pg_catalog.octet_length(x.relname::pg_catalog.text) OPERATOR(pg_catalog.>=) 60 \
             OR pg_catalog.regexp_replace(x.relname::pg_catalog.text, '_cc(new|old)[0-9]*$', '') \
               OPERATOR(pg_catalog.=) own.relname::pg_catalog.text) \
         GROUP BY 1, 2 ORDER BY 1",
        name = quote_literal(&reindex.name.to_string())
    );
    let rows = ask(client, &query).await?;
    if rows.is_empty() {
        return Ok(Completion::NotBegun);
    }
    let column = |at: usize| rows.iter().filter_map(move |row| row.get(at));
    let names: Vec<String> = column(1).map(|name| format!("`{name}`")).collect();
    Ok(Completion::Partial(
        Evidence {
            seen: format!("REINDEX has left {}", names.join(", ")),
            then: "dropped, and done again",
        },
        column(0).map(str::to_owned).collect(),
    ))
}

async fn add_value(client: &Client, add: &AddValue) -> Answer<Completion> {
    let query = format!(
        "SELECT 1 FROM pg_catalog.pg_enum e \
         WHERE e.enumtypid OPERATOR(pg_catalog.=) pg_catalog.to_regtype({})::pg_catalog.oid \
           AND e.enumlabel OPERATOR(pg_catalog.=) {}::pg_catalog.name",
        quote_literal(&add.enumeration.to_string()),
        quote_literal(&add.value),
    );
    Ok(match ask(client, &query).await?.is_empty() {
        true => Completion::NotBegun,
        false => Completion::Done(Evidence {
            seen: format!("the value `{}` is there", add.value),
            then: "it is not added again",
        }),
    })
}

/// The session that still executes this statement. A session outlives its client, and notices
/// the client's end only when it next sends something.
///
/// A session of another role hides its statement. Then its lock on the table and the same
/// `application_name` identify it.
pub(crate) async fn find_session(
    client: &Client,
    statement: &Statement<'_>,
    sql: &str,
    application: &str,
) -> Answer<Option<Holder>> {
    let relations: Vec<String> = relations(statement)
        .into_iter()
        .map(|name| {
            let name = quote_literal(&name.to_string());
            format!("pg_catalog.to_regclass({name})::pg_catalog.oid")
        })
        .collect();
    let query = format!(
        "SELECT a.pid, a.application_name, a.usename, \
           pg_catalog.to_char(pg_catalog.timezone('UTC', a.query_start), \
             'YYYY-MM-DD HH24:MI:SS') OPERATOR(pg_catalog.||) ' UTC' \
         FROM pg_catalog.pg_stat_activity a \
         WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
           AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid() \
           AND (a.state OPERATOR(pg_catalog.=) 'active' \
               AND a.query OPERATOR(pg_catalog.<>) '' \
               AND pg_catalog.starts_with({sql}, a.query) \
             OR a.application_name OPERATOR(pg_catalog.<>) '' \
               AND a.application_name OPERATOR(pg_catalog.=) ANY (ARRAY[{application}, \
                 pg_catalog.current_setting('application_name')]) AND EXISTS (\
               SELECT 1 FROM pg_catalog.pg_locks l \
               LEFT JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) l.relation \
               WHERE l.pid OPERATOR(pg_catalog.=) a.pid AND l.granted \
                 AND l.mode OPERATOR(pg_catalog.=) ANY (ARRAY['ShareUpdateExclusiveLock', \
                   'ShareLock', 'AccessExclusiveLock']) \
                 AND (l.relation OPERATOR(pg_catalog.=) ANY (ARRAY[{relations}]::pg_catalog.oid[]) \
                   OR i.indexrelid OPERATOR(pg_catalog.=) \
                     ANY (ARRAY[{relations}]::pg_catalog.oid[])))) \
         ORDER BY a.query_start, a.pid LIMIT 1",
        sql = quote_literal(sql),
        application = quote_literal(application),
        relations = relations.join(", "),
    );
    let rows = ask(client, &query).await?;
    Ok(rows.first().map(|row| {
        let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
        Holder {
            pid: text(0).parse().ok(),
            application: text(1),
            role: text(2),
            since: text(3),
        }
    }))
}

/// The relations of a statement.
fn relations<'s>(statement: &'s Statement<'_>) -> Vec<&'s Name> {
    match statement {
        Statement::Repeatable | Statement::AddValue(_) => Vec::new(),
        Statement::CreateIndex(create) => vec![&create.table],
        Statement::DropIndex(drop) => drop.names.iter().collect(),
        Statement::Reindex(reindex) => vec![&reindex.name],
    }
}
