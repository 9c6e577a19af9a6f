//! M0242: a script uses an enum value in the transaction that adds the value.
//!
//! Postgres refuses this (`check_safe_enum_use` in `enum.c`), unless the same transaction creates
//! the type. The rule reports a literal only if its type is certain: the literal is cast to the
//! type or goes to a column of the type.

use std::collections::{HashMap, HashSet};

use migrator_model::place::Position;
use migrator_model::{Code, Mode};

use super::tables::Tables;
use crate::clauses::column_of;
use crate::finding::Finding;
use crate::names::{Name, fold, name_of};
use crate::objects::{Effect, Space};
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::sql_type::SqlType;

/// The enums of the tree, and the values that the current script adds.
#[derive(Default)]
pub(super) struct Enums {
    /// The known values of each enum.
    values: HashMap<Name, HashSet<String>>,
    /// The types that the current script creates.
    new: HashSet<Name>,
    added: Vec<Added>,
}

struct Added {
    of: Name,
    /// The value as a literal.
    literal: String,
    offset: usize,
}

impl Enums {
    /// Starts the next script.
    pub(super) fn begin(&mut self) {
        self.new.clear();
        self.added.clear();
    }

    /// Checks a statement, then follows it.
    pub(super) fn statement<'a>(
        &mut self,
        script: &'a Script<'a>,
        tables: &Tables,
        statement: Id,
    ) -> Option<Finding<'a>> {
        let found = match script.mode() {
            Mode::Transaction => self.used(script, tables, statement),
            Mode::NoTransaction => None,
        };
        self.follow(script, statement);
        found
    }

    fn used<'a>(
        &self,
        script: &'a Script<'a>,
        tables: &Tables,
        statement: Id,
    ) -> Option<Finding<'a>> {
        if self.added.is_empty() {
            return None;
        }
        let sql = &script.sql;
        let mut literals = sql.descendants(statement).filter_map(|id| {
            let is_literal = sql.kind(id) == Kind::LITERAL;
            let mut added = self.added.iter().filter(|_| is_literal);
            let added = added.find(|added| sql.text_of(id) == added.literal)?;
            Some((id, added))
        });
        let (literal, added) = literals.find(|(id, added)| {
            type_of(sql, tables, statement, *id).is_some_and(|of_type| of_type == added.of)
        })?;
        let Position { line, .. } = Position::at(sql.text, added.offset);
        Some(Finding::new(
            script,
            Code::M0242,
            sql.range(literal).start,
            format!(
                "the value `{}` of `{}` is used in the transaction that adds it in line {line}",
                added.literal.replace('`', "'"),
                added.of
            ),
            "add the value in an earlier migration",
        ))
    }

    fn follow(&mut self, script: &Script<'_>, statement: Id) {
        let sql = &script.sql;
        for mention in script.mentions_of(statement) {
            let is_made = mention.effect == Effect::Create;
            if is_made && mention.object.space == Space::Type {
                self.new.insert(mention.object.name.clone());
            }
        }
        let name = |kind| sql.find(statement, kind).and_then(|id| name_of(sql, id));
        let literals = |within: Id| {
            let nodes = sql.descendants(within);
            let nodes = nodes.filter(|&id| sql.kind(id) == Kind::LITERAL);
            nodes.map(|id| sql.text_of(id).to_owned())
        };
        match (sql.kind(statement), sql.find(statement, Kind::VARIANT_LIST)) {
            (Kind::CREATE_TYPE, Some(list)) => {
                if let Some(name) = name(Kind::TYPE_NAME) {
                    self.values.insert(name, literals(list).collect());
                }
            }
            (Kind::ALTER_TYPE, _) => {
                let added = sql.child(statement, Kind::ADD_VALUE);
                if let (Some(added), Some(of)) = (added, name(Kind::TYPE_NAME_REF)) {
                    self.add(sql, of, added, literals(added).next());
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, sql: &Sql<'_>, of: Name, added: Id, literal: Option<String>) {
        let Some(literal) = literal else {
            return;
        };
        let values = self.values.get_mut(&of);
        let may_be_there = sql.child(added, Kind::IF_NOT_EXISTS).is_some();
        let is_there = values
            .as_ref()
            .is_none_or(|values| values.contains(&literal));
        if let Some(values) = values {
            values.insert(literal.clone());
        }
        if self.new.contains(&of) || may_be_there && is_there {
            return;
        }
        self.added.push(Added {
            of,
            literal,
            offset: sql.range(added).start,
        });
    }
}

/// The type of a literal, if it is certain.
fn type_of(sql: &Sql<'_>, tables: &Tables, statement: Id, literal: Id) -> Option<Name> {
    let parent = sql.parent(literal);
    let of_column = |column: &str| {
        let table = tables.table(&only_table(sql, statement)?)?;
        table.type_of(column)?.name.clone()
    };
    match sql.kind(parent) {
        Kind::CAST_EXPR => SqlType::within(sql, parent)?.name,
        Kind::DEFAULT_CONSTRAINT => SqlType::within(sql, sql.parent(parent))?.name,
        Kind::SET_DEFAULT => of_column(&column_of(sql, sql.parent(parent))?),
        Kind::SET_EXPR => {
            let target = sql.find(sql.parent(parent), Kind::COLUMN_NAME_REF)?;
            let is_single = sql.kind(sql.parent(parent)) == Kind::SET_SINGLE_COLUMN;
            is_single
                .then(|| of_column(&fold(sql.text_of(target))))
                .flatten()
        }
        Kind::ROW | Kind::TARGET => {
            let column = inserted(sql, statement, parent, literal)?;
            of_column(&column)
        }
        Kind::BIN_EXPR => of_column(&compared(sql, parent)?),
        Kind::TUPLE_EXPR => {
            let comparison = sql.parent(parent);
            let is_list = sql.kind(comparison) == Kind::BIN_EXPR;
            is_list
                .then(|| of_column(&compared(sql, comparison)?))
                .flatten()
        }
        _ => None,
    }
}

/// The column in a comparison.
fn compared(sql: &Sql<'_>, comparison: Id) -> Option<String> {
    let compares = [
        Kind::EQ,
        Kind::NEQ,
        Kind::NEQB,
        Kind::IN_KW,
        Kind::NOT_IN,
        Kind::L_ANGLE,
        Kind::R_ANGLE,
        Kind::LTEQ,
        Kind::GTEQ,
    ];
    compares
        .iter()
        .find(|&&kind| sql.child(comparison, kind).is_some())?;
    let mut sides = sql.children(comparison);
    let column = sides.find(|&id| matches!(sql.kind(id), Kind::NAME_REF | Kind::FIELD_EXPR))?;
    Some(name_of(sql, column)?.name)
}

/// The column of a value in an INSERT.
fn inserted(sql: &Sql<'_>, statement: Id, around: Id, literal: Id) -> Option<String> {
    let list = sql.child(statement, Kind::COLUMN_TARGET_LIST)?;
    let is_row = sql.kind(around) == Kind::ROW;
    let (list_of_values, value) = match is_row {
        true => (around, literal),
        false => (sql.parent(around), around),
    };
    let levels = sql
        .ancestors(list_of_values)
        .position(|id| id == statement)?;
    // The list is two levels below INSERT: in VALUES or in SELECT.
    if sql.kind(statement) != Kind::INSERT || levels != 2 {
        return None;
    }
    let values = sql
        .children(list_of_values)
        .filter(|&id| !is_punctuation(sql, id));
    let at = values.into_iter().position(|id| id == value)?;
    let targets = sql
        .children(list)
        .filter(|&id| sql.kind(id) == Kind::COLUMN_TARGET);
    let target = targets.into_iter().nth(at)?;
    Some(name_of(sql, sql.find(target, Kind::COLUMN_NAME_REF)?)?.name)
}

fn is_punctuation(sql: &Sql<'_>, id: Id) -> bool {
    matches!(sql.kind(id), Kind::COMMA | Kind::L_PAREN | Kind::R_PAREN)
}

/// The table of a statement that names only one table.
fn only_table(sql: &Sql<'_>, statement: Id) -> Option<Name> {
    let is_table =
        |&id: &Id| matches!(sql.kind(id), Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF);
    let mut tables = sql.descendants(statement).filter(is_table);
    let table = name_of(sql, tables.next()?)?;
    let mut others = tables.filter_map(|id| name_of(sql, id));
    others.all(|other| other == table).then_some(table)
}
