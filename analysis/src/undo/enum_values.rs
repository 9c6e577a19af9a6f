//! M0227: the up script renames a value of an enum, and the down script does not rename it back.

use migrator_model::Code;

use crate::finding::Finding;
use crate::names::name_of;
use crate::objects::{Object, Space};
use crate::parse::{Id, Kind};
use crate::script::Script;

use super::comparison::Comparison;
use super::moments::Moment;
use super::statements::quoted;

pub(super) fn find<'a>(comparison: &Comparison<'_, 'a>) -> Vec<Finding<'a>> {
    let script = comparison.up.script;
    let renamed = renamed(script);
    let is_left = |object: &Object| {
        let is_there = |moment| {
            let key = comparison.up.path.key(object);
            key.is_some_and(|key| comparison.moments.is_there(moment, &key))
        };
        is_there(Moment::BeforeUp)
            && is_there(Moment::AfterDown)
            && !comparison.up.touches(&comparison.names, object)
            && !comparison.down.touches(&comparison.names, object)
            && !renamed_in(comparison, object)
    };
    let left = renamed.into_iter().filter(|(object, ..)| is_left(object));
    left.map(|(object, id, [old, new])| {
        Finding::new(
            script,
            Code::M0227,
            script.sql.range(id).start,
            format!("the up script renames value `{old}` of {object} to `{new}`, but the down script does not rename it back"),
            format!(
                "write `ALTER TYPE {} RENAME VALUE {new} TO {old};` in the down script",
                quoted(&object.name)
            ),
        )
    })
    .collect()
}

fn renamed_in(comparison: &Comparison<'_, '_>, object: &Object) -> bool {
    let renamed = renamed(comparison.down.script);
    renamed
        .iter()
        .any(|(other, ..)| comparison.names.is_same_object(other, object))
}

/// The enum values that a script renames: the type, the clause, and the old and the new value.
fn renamed<'s>(script: &'s Script<'_>) -> Vec<(Object, Id, [&'s str; 2])> {
    let sql = &script.sql;
    let clauses = sql.statements().filter_map(|statement| {
        let clause = sql.child(statement, Kind::RENAME_VALUE)?;
        let name = name_of(sql, sql.find(statement, Kind::TYPE_NAME_REF)?)?;
        let values = sql.descendants(clause);
        let mut values = values.filter(|&id| sql.kind(id) == Kind::STRING);
        let object = Object {
            space: Space::Type,
            name,
            of: None,
        };
        let values = [values.next()?, values.next()?].map(|id| sql.text_of(id));
        Some((object, clause, values))
    });
    clauses.collect()
}
