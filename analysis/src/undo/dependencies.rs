//! Finds the objects whose DROP drops another object, too.

use std::collections::BTreeSet;

use crate::names::{Name, fold, name_of};
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind, ROOT, Sql};

use super::operations::{Operation, Operations, words};
use super::renames::Renames;

/// The tables whose DROP drops an object.
pub(super) fn tables(
    operations: &Operations<'_>,
    links: &[(Name, Name)],
    names: &Renames,
    object: &Object,
    by: &Operation<'_>,
) -> Vec<Name> {
    let sql = &operations.script.sql;
    let mut tables: Vec<Name> = object.of.iter().cloned().collect();
    if matches!(by.kind, Kind::CREATE_INDEX | Kind::CREATE_STATISTICS) {
        tables.extend(references(sql, by.part).next());
    }
    // A detached partition depends on the table to which it is attached later.
    let is_detached = sql
        .descendants(ROOT)
        .filter(|&id| sql.kind(id) == Kind::DETACH_PARTITION)
        .filter_map(|id| link(sql, id))
        .any(|(part, _)| names.is_same_table(&part, &object.name));
    for kind in [Kind::PARTITION_OF, Kind::INHERITS] {
        let clause = sql.find(by.part, kind).filter(|_| !is_detached);
        tables.extend(
            clause
                .into_iter()
                .flat_map(|clause| references(sql, clause)),
        );
    }
    if object.space == Space::Relation {
        let own = links
            .iter()
            .filter(|(child, _)| names.is_same_table(child, &object.name));
        tables.extend(own.map(|(_, parent)| parent.clone()));
    }
    tables
}

fn references<'s>(sql: &'s Sql<'_>, within: Id) -> impl Iterator<Item = Name> + 's {
    let is_table = |kind| matches!(kind, Kind::TABLE_NAME_REF | Kind::RELATION_NAME_REF);
    let nodes = sql
        .descendants(within)
        .filter(move |&id| is_table(sql.kind(id)));
    nodes.filter_map(|id| name_of(sql, id))
}

/// Each object that depends on another at the end of the script, with that other object.
pub(super) fn links(sql: &Sql<'_>) -> Vec<(Name, Name)> {
    let mut links: Vec<(Name, Name)> = Vec::new();
    for id in sql.descendants(ROOT) {
        if let Some((child, parent)) = link(sql, id) {
            links.retain(|(one, _)| *one != child);
            links.extend(parent.map(|parent| (child, parent)));
        }
    }
    links
}

/// The object that a clause attaches or detaches, and the object to which it is attached.
fn link(sql: &Sql<'_>, id: Id) -> Option<(Name, Option<Name>)> {
    let statement = sql.parent(id);
    let named = |within, kind| sql.find(within, kind).and_then(|id| name_of(sql, id));
    match sql.kind(id) {
        Kind::ATTACH_PARTITION => {
            let kind = Kind::TABLE_NAME_REF;
            Some((named(id, kind)?, Some(named(statement, kind)?)))
        }
        Kind::DETACH_PARTITION => Some((named(id, Kind::TABLE_NAME_REF)?, None)),
        Kind::ATTACH_INDEX_PARTITION => {
            let kind = Kind::INDEX_REF;
            Some((named(id, kind)?, Some(named(statement, kind)?)))
        }
        Kind::OPTION_OWNED_BY => {
            let mut statement = statement;
            if sql.kind(statement) == Kind::SEQUENCE_OPTION_LIST {
                statement = sql.parent(statement);
            }
            let sequence = sql.children(statement).find(|&id| {
                matches!(sql.kind(id), Kind::SEQUENCE | Kind::SEQUENCE_REF) && !sql.is_leaf(id)
            })?;
            Some((name_of(sql, sequence)?, owner(sql, id)))
        }
        _ => None,
    }
}

/// The table whose column owns a sequence.
fn owner(sql: &Sql<'_>, clause: Id) -> Option<Name> {
    let leaves = sql
        .descendants(clause)
        .filter(|&id| sql.kind(id) == Kind::PATH_SEGMENT_REF);
    let mut parts: Vec<String> = leaves.map(|id| fold(sql.text_of(id))).collect();
    parts.pop();
    Name::of(parts)
}

/// Whether the down script drops a column of one of `tables` that a created object uses. Indexes,
/// constraints and sequences are dropped with their column.
pub(super) fn goes_with_column(
    sql: &Sql<'_>,
    by: &Operation<'_>,
    tables: &[Name],
    names: &Renames,
    down: &Operations<'_>,
) -> bool {
    down.drops().any(|operation| {
        let column = &operation.mention.object;
        column.space == Space::Column
            && column
                .of
                .as_ref()
                .is_some_and(|of| tables.iter().any(|table| names.is_same_table(of, table)))
            && words(sql, by.part).any(|word| word == column.name.name)
    })
}

/// The objects that the down script's CASCADE may drop.
///
/// An object is assumed to depend on each name in its statement.
pub(super) fn goes_by_cascade(up: &Operations<'_>, down: &Operations<'_>) -> Cascade {
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for operation in down
        .drops()
        .filter(|operation| down.has(operation, Kind::CASCADE))
    {
        let object = &operation.mention.object;
        if object.space == Space::Extension {
            return Cascade::Everything;
        }
        gone.insert(object.name.name.clone());
        gone.extend(object.of.iter().map(|of| of.name.clone()));
    }
    if down
        .script
        .sql
        .statements()
        .any(|id| down.script.sql.kind(id) == Kind::DROP_OWNED)
    {
        return Cascade::Everything;
    }
    if gone.is_empty() {
        return Cascade::Renames(gone);
    }
    for operation in &up.all {
        let mut words = words(&up.script.sql, operation.part);
        if words.any(|word| gone.contains(&word)) {
            gone.insert(operation.mention.object.name.name.clone());
        }
    }
    Cascade::Renames(gone)
}

/// The objects that CASCADE drops.
pub(super) enum Cascade {
    Everything,
    Renames(BTreeSet<String>),
}

impl Cascade {
    pub(super) fn takes(&self, object: &Object) -> bool {
        match self {
            Cascade::Everything => true,
            Cascade::Renames(gone) => gone.contains(&object.name.name),
        }
    }
}

/// Whether a script drops the table or schema of an object.
pub(super) fn goes_with_table(script: &Operations<'_>, names: &Renames, object: &Object) -> bool {
    let owner = object.of.as_ref().unwrap_or(&object.name);
    let is_in_schema = !matches!(object.space, Space::Schema | Space::Extension);
    object
        .of
        .as_ref()
        .is_some_and(|table| script.drops_relation(names, table))
        || is_in_schema && script.drops_schema(owner.schema.as_deref())
}
