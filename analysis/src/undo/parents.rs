//! What an object goes with when that is dropped.

use std::collections::BTreeSet;

use crate::names::{Name, fold, name_of};
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind, ROOT, Sql};

use super::effects::{Effect, Effects, words};
use super::names::Names;

/// The tables that an object is dropped with.
pub(super) fn tables(
    effects: &Effects<'_>,
    links: &[(Name, Name)],
    names: &Names,
    object: &Object,
    by: &Effect<'_>,
) -> Vec<Name> {
    let sql = &effects.script.sql;
    let mut tables: Vec<Name> = object.of.iter().cloned().collect();
    if matches!(by.kind, Kind::CREATE_INDEX | Kind::CREATE_STATISTICS) {
        tables.extend(references(sql, by.part).next());
    }
    // A partition that is detached goes with what it is attached to afterwards.
    let is_detached = sql
        .descendants(ROOT)
        .filter(|&id| sql.kind(id) == Kind::DETACH_PARTITION)
        .filter_map(|id| link(sql, id))
        .any(|(part, _)| names.same_table(&part, &object.name));
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
            .filter(|(child, _)| names.same_table(child, &object.name));
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

/// What is attached to something, or owned by its column, at the end, and that something.
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

/// What a clause attaches or detaches, and what to.
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

/// The table of the column that owns a sequence.
fn owner(sql: &Sql<'_>, clause: Id) -> Option<Name> {
    let leaves = sql
        .descendants(clause)
        .filter(|&id| sql.kind(id) == Kind::PATH_SEGMENT_REF);
    let mut parts: Vec<String> = leaves.map(|id| fold(sql.text_of(id))).collect();
    parts.pop();
    Name::of(parts)
}

/// Whether what is written in a part of a script goes with a column of one of
/// `tables` that another script drops: an index, a constraint, a sequence.
pub(super) fn goes_with_column(
    sql: &Sql<'_>,
    by: &Effect<'_>,
    tables: &[Name],
    names: &Names,
    down: &Effects<'_>,
) -> bool {
    down.drops().any(|effect| {
        let column = &effect.mention.object;
        column.space == Space::Column
            && column
                .of
                .as_ref()
                .is_some_and(|of| tables.iter().any(|table| names.same_table(of, table)))
            && words(sql, by.part).any(|word| word == column.name.name)
    })
}

/// Whether what is made here may go with something that is dropped with CASCADE.
///
/// Everything that its statement names is taken as what it depends on.
pub(super) fn goes_by_cascade(up: &Effects<'_>, down: &Effects<'_>) -> Cascade {
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for effect in down
        .drops()
        .filter(|effect| down.has(effect, Kind::CASCADE))
    {
        let object = &effect.mention.object;
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
        return Cascade::Names(gone);
    }
    for effect in &up.all {
        let mut words = words(&up.script.sql, effect.part);
        if words.any(|word| gone.contains(&word)) {
            gone.insert(effect.mention.object.name.name.clone());
        }
    }
    Cascade::Names(gone)
}

/// What goes with what is dropped with CASCADE.
pub(super) enum Cascade {
    Everything,
    Names(BTreeSet<String>),
}

impl Cascade {
    pub(super) fn takes(&self, object: &Object) -> bool {
        match self {
            Cascade::Everything => true,
            Cascade::Names(gone) => gone.contains(&object.name.name),
        }
    }
}

/// Whether the table or schema of an object goes in the same script.
pub(super) fn goes_with_table(script: &Effects<'_>, names: &Names, object: &Object) -> bool {
    let owner = object.of.as_ref().unwrap_or(&object.name);
    let is_in_schema = !matches!(object.space, Space::Schema | Space::Extension);
    object
        .of
        .as_ref()
        .is_some_and(|table| script.drops_relation(names, table))
        || is_in_schema && script.drops_schema(owner.schema.as_deref())
}
