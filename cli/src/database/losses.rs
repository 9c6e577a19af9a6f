//! The data that the scripts of a plan remove, as far as it is in the database now.

use std::collections::BTreeSet;

use migrator_analysis::{Losses, TableName, losses};
use migrator_model::MigrationId;
use migrator_runtime::plan::Plan;
use migrator_runtime::{Client, Direction, Migrator};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use crate::failure::Failure;
use crate::view::{Lost, LostPart};

/// What a plan removes.
#[derive(Default)]
pub(crate) struct Removal {
    /// The tables and columns that are there now.
    pub(crate) lost: Vec<Lost>,
    /// The migrations whose down script may remove more than that.
    pub(crate) unclear: Vec<MigrationId>,
}

/// Finds what a plan removes, and about how many rows that is. Reads the scripts, the catalog and
/// the statistics, and no table.
pub(crate) async fn of(
    migrator: &Migrator,
    client: &Client,
    plan: &Plan<'static>,
) -> Result<Removal, Failure> {
    let scripts = migrator.scripts(client, plan).await?;
    let Losses { named, unclear, .. } = losses(&scripts);
    let lost = in_catalog(client, &named).await;
    let lost = lost.map_err(migrator_verify::Error::Catalog)?;
    let unclear = unclear
        .into_iter()
        .filter_map(|index| plan.steps.get(index));
    let unclear = unclear.filter(|step| step.direction() == Direction::Down);
    Ok(Removal {
        lost,
        unclear: unclear.map(|step| step.id.clone()).collect(),
    })
}

/// The losses that are in the catalog, by table. A partitioned table has the rows of its
/// partitions. A table without statistics has an unknown number of rows.
const QUERY: &str = "
WITH RECURSIVE wanted AS (
    SELECT * FROM ROWS FROM (
        pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]),
        pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])
    ) AS w(part, schema, name, attribute)
), found AS (
    SELECT w.part, w.attribute, n.nspname, c.oid, c.relname
    FROM wanted w
    JOIN pg_catalog.pg_class c
        ON w.part = 'schema' AND NOT c.relispartition OR c.relname = w.name
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
        AND (n.nspname = w.schema OR w.schema = '' AND pg_catalog.pg_table_is_visible(c.oid))
        AND (w.part <> 'column' OR EXISTS (
            SELECT FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname = w.attribute AND NOT a.attisdropped))
), part AS (
    SELECT DISTINCT f.oid AS root, f.oid FROM found f
    UNION ALL
    SELECT part.root, i.inhrelid FROM part JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid
), estimate AS (
    SELECT part.root, pg_catalog.sum(CASE
        WHEN pg_catalog.pg_stat_get_live_tuples(c.oid) > 0
            THEN pg_catalog.pg_stat_get_live_tuples(c.oid)
        WHEN c.reltuples >= 0 AND c.relpages > 0 THEN c.reltuples
    END)::int8 AS tuples
    FROM part JOIN pg_catalog.pg_class c ON c.oid = part.oid
    GROUP BY part.root
)
SELECT DISTINCT CASE f.part WHEN 'schema' THEN 'table' ELSE f.part END, f.nspname::text, f.relname::text, f.attribute, e.tuples
FROM found f JOIN estimate e ON e.root = f.oid
ORDER BY 2, 3, 4";

async fn in_catalog(
    client: &Client,
    losses: &BTreeSet<migrator_analysis::Loss>,
) -> Result<Vec<Lost>, Error> {
    if losses.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<[&str; 4]> = losses.iter().map(wanted).collect();
    let column = |index: usize| -> Vec<&str> { rows.iter().map(|row| row[index]).collect() };
    let columns = [column(0), column(1), column(2), column(3)];
    let [part, schema, name, attribute] = &columns;
    let answer = client
        .postgres()
        .query_typed(
            QUERY,
            &[
                (part, Type::TEXT_ARRAY),
                (schema, Type::TEXT_ARRAY),
                (name, Type::TEXT_ARRAY),
                (attribute, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    let lost: Vec<Lost> = answer.iter().map(lost).collect::<Result<_, _>>()?;
    Ok(without_parts(lost))
}

/// The same losses, without the parts of tables that go as a whole, with their schema.
fn without_parts(lost: Vec<Lost>) -> Vec<Lost> {
    let wholes = lost.iter();
    let wholes = wholes.filter(|one| matches!(one.part, LostPart::Table));
    let wholes: BTreeSet<(String, String)> = wholes.map(Lost::key).collect();
    let is_own = |one: &Lost| matches!(one.part, LostPart::Table) || !wholes.contains(&one.key());
    lost.into_iter().filter(is_own).collect()
}

/// A row of the query's input: what is lost, and the names of schema, table and column.
fn wanted(loss: &migrator_analysis::Loss) -> [&str; 4] {
    use migrator_analysis::Loss;
    let (part, table, column) = match loss {
        Loss::Schema(schema) => return ["schema", schema, "", ""],
        Loss::Table(table) => ("table", table, ""),
        Loss::Rows(table) => ("rows", table, ""),
        Loss::Column(table, column) => ("column", table, column.as_str()),
        _ => return ["", "", "", ""],
    };
    let TableName { schema, name } = table;
    [part, schema.as_deref().unwrap_or_default(), name, column]
}

fn lost(row: &Row) -> Result<Lost, Error> {
    let part: &str = row.try_get(0)?;
    let rows: Option<i64> = row.try_get(4)?;
    Ok(Lost {
        part: match part {
            "column" => LostPart::Column(row.try_get(3)?),
            "rows" => LostPart::Rows,
            _ => LostPart::Table,
        },
        schema: row.try_get(1)?,
        table: row.try_get(2)?,
        rows: rows.and_then(|rows| u64::try_from(rows).ok()),
    })
}
