//! M0228, M0229: objects that a dropped column or table takes with it, and that the down script
//! does not create again.

use std::collections::BTreeMap;

use migrator_model::Code;

use crate::finding::Finding;
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::parse::{Kind, ROOT};

use super::comparison::Comparison;
use super::moments::Moment;

pub(super) fn find<'a>(comparison: &Comparison<'_, 'a>) -> Vec<Finding<'a>> {
    // LIKE … INCLUDING ALL creates indexes and constraints that the script does not name.
    let sql = &comparison.down.script.sql;
    if sql.find(ROOT, Kind::LIKE_CLAUSE).is_some() {
        return Vec::new();
    }
    let mut lost: BTreeMap<Name, Vec<Object>> = BTreeMap::new();
    for (object, table) in candidates(comparison) {
        let is_there = comparison
            .moments
            .table(Moment::AfterDown, &table)
            .is_some();
        let is_hidden = comparison.moments.state.is_hidden(&object)
            || comparison
                .moments
                .state
                .is_hidden(&Object::relation(table.clone()));
        let is_named = comparison.up.touches(&comparison.names, &object)
            || comparison.down.touches(&comparison.names, &object)
            || may_be_generated_name(&object, &table) && comparison.may_be_made_unnamed(&object);
        if is_there && !is_hidden && !is_named {
            lost.entry(table).or_default().push(object);
        }
    }
    let findings = lost.into_iter();
    findings
        .filter_map(|(table, objects)| finding(comparison, &table, objects))
        .collect()
}

/// Whether Postgres may have generated the name. It starts with the name of the table, which may be
/// truncated.
fn may_be_generated_name(object: &Object, table: &Name) -> bool {
    let stem: String = table.name.chars().take(20).collect();
    object.name.name.starts_with(&stem)
}

/// The objects that existed before the up script and do not exist after the down script, with their
/// tables.
fn candidates(comparison: &Comparison<'_, '_>) -> Vec<(Object, Name)> {
    let mut candidates = Vec::new();
    for key in comparison.moments.up.objects() {
        let Some(entry) = comparison.moments.entry(Moment::BeforeUp, key) else {
            continue;
        };
        let is_gone = !comparison.moments.is_there(Moment::AfterDown, key);
        match (entry.table.as_ref(), entry.owner()) {
            (None, Some(owner)) if is_gone && entry.site.is_some() => {
                candidates.push((key.clone(), owner.clone()));
            }
            (Some(table), _) if !is_gone => {
                let constraints = table
                    .constraints
                    .keys()
                    .map(|name| Object::part(Space::Constraint, key.name.clone(), name.clone()));
                let gone =
                    constraints.filter(|one| !comparison.moments.is_there(Moment::AfterDown, one));
                candidates.extend(gone.map(|one| (one, key.name.clone())));
            }
            _ => {}
        }
    }
    candidates
}

fn finding<'a>(
    comparison: &Comparison<'_, 'a>,
    table: &Name,
    mut objects: Vec<Object>,
) -> Option<Finding<'a>> {
    objects.sort_unstable();
    let first = objects.first()?;
    let code = match first.space {
        Space::Constraint => Code::M0229,
        _ => Code::M0228,
    };
    let by = comparison.up.drops().find(|operation| {
        let dropped = &operation.mention.object;
        let owner = dropped.of.as_ref().unwrap_or(&dropped.name);
        matches!(dropped.space, Space::Column | Space::Relation)
            && comparison.names.is_same_table(owner, table)
    })?;
    let with = &by.mention.object.name;
    let others = match objects.len() - 1 {
        0 => String::new(),
        1 => " and one other".to_owned(),
        many => format!(" and {many} others"),
    };
    let shown = match first.space {
        Space::Relation => format!("`{}`", first.name),
        _ => first.to_string(),
    };
    Some(Finding::new(
        comparison.up.script,
        code,
        by.mention.offset,
        format!(
            "the up script drops {shown}{others} together with `{with}`, but the down script does not create that again"
        ),
        format!(
            "create it again in the down script, {}",
            comparison.as_before(first)
        ),
    ))
}
