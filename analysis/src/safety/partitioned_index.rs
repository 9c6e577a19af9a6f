//! M0243: an index of a partitioned table is built or dropped concurrently.
//!
//! Postgres refuses both (`DefineIndex` in `indexcmds.c`, `RemoveRelations` in `tablecmds.c`). The
//! script runs outside a transaction, so the migration becomes dirty.

use migrator_model::Code;

use super::table::Table;
use super::tables::Tables;
use crate::clauses::table_of;
use crate::finding::Finding;
use crate::names::name_of;
use crate::parse::{Id, Kind};
use crate::script::Script;

pub(super) fn check<'a>(
    script: &'a Script<'a>,
    tables: &Tables,
    statement: Id,
) -> Option<Finding<'a>> {
    let sql = &script.sql;
    sql.child(statement, Kind::CONCURRENTLY_KW)?;
    let finding = |message: String, help: &str| {
        let offset = sql.range(statement).start;
        Some(Finding::new(script, Code::M0243, offset, message, help))
    };
    if sql.kind(statement) == Kind::CREATE_INDEX {
        let table = table_of(sql, statement)?;
        let is_partitioned = tables.table(&table).is_some_and(Table::is_partitioned);
        return is_partitioned.then(|| {
            finding(
                format!("`{table}` is partitioned: Postgres cannot build its index concurrently"),
                "build it ON ONLY the table, then concurrently on each partition, and ATTACH \
                 PARTITION these; or leave CONCURRENTLY out",
            )
        })?;
    }
    let indexes = sql
        .children(statement)
        .filter(|&id| sql.kind(id) == Kind::INDEX_REF);
    let mut indexes = indexes.filter_map(|id| name_of(sql, id));
    let index = indexes.find(|index| tables.is_partitioned_index(index))?;
    finding(
        format!("`{index}` belongs to a partitioned table: Postgres cannot drop it concurrently"),
        "leave CONCURRENTLY out, and set a `lock-timeout`",
    )
}
