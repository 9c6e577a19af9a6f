//! Follows CREATE statements.

use super::Tables;
use crate::names::{fold, name_of};
use crate::parse::{Id, Kind, Sql};
use crate::safety::table::{RelationKind, Table};
use crate::sql_type::SqlType;

impl Tables {
    /// Follows a statement that creates a table or a materialized view.
    pub(super) fn follow_definition(
        &mut self,
        sql: &Sql<'_>,
        statement: Id,
        schema: Option<&String>,
    ) {
        let defined = match sql.kind(statement) {
            Kind::CREATE_TABLE | Kind::CREATE_TABLE_AS | Kind::SELECT_INTO => Kind::TABLE_NAME,
            Kind::CREATE_MATERIALIZED_VIEW => Kind::VIEW,
            _ => return,
        };
        let node = sql.find(statement, defined);
        let Some(mut name) = node.and_then(|id| name_of(sql, id)) else {
            return;
        };
        name.schema = name.schema.or_else(|| schema.cloned());
        let is_optional = sql.child(statement, Kind::IF_NOT_EXISTS).is_some();
        if is_optional && self.by_name.contains_key(&name) {
            return;
        }
        let kind_of_relation = match sql.child(statement, Kind::PARTITION_BY) {
            _ if defined == Kind::VIEW => RelationKind::View,
            Some(_) => RelationKind::Partitioned,
            None => RelationKind::Table,
        };
        let mut table = Table::created_by(self.current, kind_of_relation);
        if sql.kind(statement) == Kind::CREATE_TABLE {
            self.inherit(sql, statement, &mut table);
            if let Some(list) = sql.child(statement, Kind::TABLE_ARG_LIST) {
                for part in sql.children(list) {
                    if sql.kind(part) == Kind::LIKE_CLAUSE {
                        self.copy_like(sql, part, &mut table);
                    }
                    table.add_part(sql, &name, part, self.current);
                }
            }
        } else {
            self.derive(sql, statement, &mut table);
        }
        self.set(name, table);
    }

    /// Adds the columns of the tables that a table inherits from or is a partition of.
    pub(super) fn inherit(&self, sql: &Sql<'_>, statement: Id, table: &mut Table) {
        for clause in sql.children(statement) {
            match sql.kind(clause) {
                Kind::INHERITS | Kind::PARTITION_OF => {}
                Kind::OF_TYPE => {
                    table.add_unknown_columns();
                    continue;
                }
                _ => continue,
            }
            let parents = sql
                .children(clause)
                .filter(|&id| sql.kind(id) == Kind::TABLE_NAME_REF);
            for parent in parents.filter_map(|id| name_of(sql, id)) {
                match self.by_name.get(&parent) {
                    Some(from) => {
                        table.copy_columns(from, self.current);
                        table.copy_checks(from);
                    }
                    None => table.add_unknown_columns(),
                }
                table.parents.push(parent);
            }
        }
    }

    pub(super) fn copy_like(&self, sql: &Sql<'_>, like: Id, table: &mut Table) {
        let source = sql.find(like, Kind::RELATION_NAME_REF);
        let source = source.and_then(|id| name_of(sql, id));
        let Some(from) = source.and_then(|name| self.by_name.get(&name)) else {
            return table.add_unknown_columns();
        };
        table.copy_columns(from, self.current);
        let properties = sql.text_of(like).to_ascii_lowercase();
        let is_whole = properties.contains("including all");
        if is_whole || properties.contains("including constraints") {
            table.copy_checks(from);
        }
    }

    /// Adds the columns of the query that creates a table, if the query is simple.
    pub(super) fn derive(&self, sql: &Sql<'_>, statement: Id, table: &mut Table) {
        table.add_unknown_columns();
        let has_names = sql.child(statement, Kind::TABLE_ARG_LIST).is_some();
        let mut items = sql
            .descendants(statement)
            .filter(|&id| sql.kind(id) == Kind::RELATION_FROM_ITEM);
        let (Some(item), None, false) = (items.next(), items.next(), has_names) else {
            return;
        };
        let source = sql.child(item, Kind::RELATION_NAME_REF);
        let source = source.and_then(|id| name_of(sql, id));
        let Some(from) = source.and_then(|name| self.by_name.get(&name)) else {
            return;
        };
        let Some(list) = sql.find(statement, Kind::TARGET_LIST) else {
            return;
        };
        for target in sql
            .children(list)
            .filter(|&id| sql.kind(id) == Kind::TARGET)
        {
            if sql.find(target, Kind::STAR).is_some() {
                table.derive_columns(from, self.current);
                continue;
            }
            let Some(value) = sql.children(target).next() else {
                continue;
            };
            let plain = matches!(sql.kind(value), Kind::NAME_REF | Kind::FIELD_EXPR);
            let column = name_of(sql, value).filter(|_| plain).map(|name| name.name);
            let of_type = match sql.kind(value) {
                Kind::CAST_EXPR => SqlType::within(sql, value),
                _ => column
                    .as_ref()
                    .and_then(|column| from.type_of(column))
                    .cloned(),
            };
            let alias = sql.find(target, Kind::COLUMN_NAME);
            let alias = alias.map(|id| fold(sql.text_of(id)));
            if let Some(name) = alias.or(column) {
                table.derive_column(&name, of_type, self.current);
            }
        }
    }
}
