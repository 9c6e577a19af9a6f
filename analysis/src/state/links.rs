//! Follows ATTACH, DETACH, INHERIT and OWNED BY.

use super::State;
use super::entry::Owner;
use crate::names::{Name, name_of};
use crate::objects::Object;
use crate::parse::{Id, Kind, Sql};

impl State<'_> {
    /// Follows ATTACH, DETACH, INHERIT and OWNED BY.
    pub(super) fn links(&mut self, sql: &Sql<'_>, statement: Id) {
        let named = |within, kind| sql.find(within, kind).and_then(|id| name_of(sql, id));
        for part in sql.children(statement) {
            self.clear_owner(sql, statement, part);
            let (child, owner) = match sql.kind(part) {
                Kind::ATTACH_PARTITION => (
                    named(part, Kind::TABLE_NAME_REF),
                    named(statement, Kind::TABLE_NAME_REF).map(|name| (name, Vec::new())),
                ),
                Kind::ATTACH_INDEX_PARTITION => (
                    named(part, Kind::INDEX_REF),
                    named(statement, Kind::INDEX_REF).map(|name| (name, Vec::new())),
                ),
                Kind::OPTION_OWNED_BY => (
                    named(statement, Kind::SEQUENCE_REF)
                        .or_else(|| named(statement, Kind::SEQUENCE)),
                    sequence_owner(sql, part),
                ),
                Kind::SEQUENCE_OPTION_LIST => (
                    named(statement, Kind::SEQUENCE_REF)
                        .or_else(|| named(statement, Kind::SEQUENCE)),
                    sql.child(part, Kind::OPTION_OWNED_BY)
                        .and_then(|id| sequence_owner(sql, id)),
                ),
                Kind::DETACH_PARTITION | Kind::NO_INHERIT_TABLE => {
                    let child = match sql.kind(part) {
                        Kind::DETACH_PARTITION => named(part, Kind::TABLE_NAME_REF),
                        _ => named(statement, Kind::TABLE_NAME_REF),
                    };
                    if let Some(child) = child {
                        self.edit(&Object::relation(child), |entry| {
                            entry.owners.clear();
                            if let Some(table) = &mut entry.table {
                                table.parents.clear();
                            }
                        });
                    }
                    continue;
                }
                _ => continue,
            };
            let (Some(child), Some((owner, columns))) = (child, owner) else {
                continue;
            };
            let is_partition = sql.kind(part) == Kind::ATTACH_PARTITION;
            let owner = self.key(&Object::relation(owner)).map(|key| key.name);
            let Some(owner) = owner else { continue };
            self.edit(&Object::relation(child), |entry| {
                if is_partition {
                    entry
                        .table
                        .iter_mut()
                        .for_each(|table| table.parents.push(owner.clone()));
                }
                entry.owners.push(Owner {
                    relation: owner,
                    columns,
                });
            });
        }
    }

    /// Removes the old owner of a sequence. A sequence has one owner at most.
    pub(super) fn clear_owner(&mut self, sql: &Sql<'_>, statement: Id, part: Id) {
        let is_owned = sql.kind(part) == Kind::OPTION_OWNED_BY
            || sql.child(part, Kind::OPTION_OWNED_BY).is_some();
        let name = [Kind::SEQUENCE_REF, Kind::SEQUENCE]
            .into_iter()
            .find_map(|kind| sql.find(statement, kind))
            .and_then(|id| name_of(sql, id));
        if let Some(name) = name.filter(|_| is_owned) {
            self.edit(&Object::relation(name), |entry| entry.owners.clear());
        }
    }
}

fn sequence_owner(sql: &Sql<'_>, clause: Id) -> Option<(Name, Vec<String>)> {
    let segments = sql
        .descendants(clause)
        .filter(|&id| sql.kind(id) == Kind::PATH_SEGMENT_REF);
    let mut parts: Vec<String> = segments
        .filter_map(|id| name_of(sql, id))
        .map(|name| name.name)
        .collect();
    let column = parts.pop()?;
    Some((Name::of(parts)?, vec![column]))
}
