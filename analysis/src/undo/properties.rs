//! M0229: types, NOT NULL, defaults and settings that a down script does not restore.
//!
//! Only properties that the state knows at each moment are compared.

use std::collections::BTreeMap;

use migrator_model::Code;

use super::comparison::Comparison;
use super::difference::{Cause, Difference, made_in};
use super::moments::Moment;
use super::outcomes::Outcome;
use crate::finding::Finding;
use crate::names::Name;
use crate::objects::{Object, Space};
use crate::state::table::{Knowledge, Property, Table};

pub(super) fn find<'a>(comparison: &Comparison<'_, 'a>) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    let tables = comparison
        .moments
        .up
        .objects()
        .chain(comparison.moments.down.objects());
    let mut keys: Vec<&Object> = tables.filter(|key| key.space == Space::Relation).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let at = |moment| comparison.moments.table(moment, &key.name);
        let (Some(before), Some(after)) = (at(Moment::BeforeUp), at(Moment::AfterDown)) else {
            continue;
        };
        if comparison
            .moments
            .state
            .is_hidden(&Object::relation(key.name.clone()))
        {
            continue;
        }
        let renamed = renamed(comparison, key).map_or(&key.name, |object| &object.name);
        let between = comparison.moments.table(Moment::AfterUp, renamed);
        findings.extend(of_table(
            comparison,
            [&key.name, renamed],
            [before, after],
            between,
        ));
    }
    findings
}

/// The object under its new name, if the up script renames it.
fn renamed<'j>(comparison: &'j Comparison<'_, '_>, key: &Object) -> Option<&'j Object> {
    comparison
        .outcomes
        .renamed()
        .find_map(|outcome| match outcome {
            Outcome::Renamed(object, by) => {
                let is_it = by
                    .before
                    .is_some_and(|old| comparison.names.is_same_object(old, key));
                is_it.then_some(*object)
            }
            _ => None,
        })
}

/// The findings about a table and its columns.
fn of_table<'a>(
    comparison: &Comparison<'_, 'a>,
    [table, renamed_table]: [&Name; 2],
    [before, after]: [&Table<'a>; 2],
    between: Option<&Table<'a>>,
) -> Vec<Finding<'a>> {
    let mut findings = of_whole(comparison, [table, renamed_table], [before, after], between);
    let mut of_columns: BTreeMap<(Cause, &Property), Vec<Finding<'a>>> = BTreeMap::new();
    let mut lacking = Vec::new();
    let is_remade = made_in(comparison.down.script, table).is_some()
        && before.knowledge == Knowledge::Complete
        && after.knowledge == Knowledge::Complete;
    for (name, column) in &before.columns {
        let Some(now) = after.columns.get(name) else {
            if is_remade {
                lacking.extend(missing(comparison, table, name, &column.site.place()));
            }
            continue;
        };
        let key = Object::part(Space::Column, table.clone(), name.clone());
        let now_called = renamed(comparison, &key).map_or(name, |object| &object.name.name);
        let between = between.and_then(|table| table.columns.get(now_called));
        let differences = column.properties.iter().filter_map(|(property, value)| {
            Difference {
                table,
                column: Some(name),
                renamed: (renamed_table, Some(now_called)),
                property,
                before: value,
                between: between
                    .and_then(|column| column.properties.get(property))
                    .map(String::as_str),
                after: now.properties.get(property)?,
            }
            .finding(comparison)
        });
        // A column that is created again with another definition has one finding.
        let count = if between.is_none() { 1 } else { usize::MAX };
        for (key, finding) in differences.take(count) {
            of_columns.entry(key).or_default().push(finding);
        }
    }
    findings.extend(added(comparison, table, [before, after], between));
    findings.extend(of_columns.into_values().flat_map(gathered));
    findings.extend(gathered(lacking));
    findings
}

/// The findings about the properties of a table.
fn of_whole<'a>(
    comparison: &Comparison<'_, 'a>,
    [table, renamed_table]: [&Name; 2],
    [before, after]: [&Table<'a>; 2],
    between: Option<&Table<'a>>,
) -> Vec<Finding<'a>> {
    let enabled = String::from("ENABLE");
    let triggers = between
        .into_iter()
        .flat_map(|table| table.properties.keys());
    let triggers = triggers.filter(|property| {
        let is_trigger = matches!(property, Property::Trigger(_));
        is_trigger
            && before.knowledge == Knowledge::Complete
            && !before.properties.contains_key(*property)
    });
    let known = before
        .properties
        .iter()
        .chain(triggers.map(|property| (property, &enabled)));
    let findings = known.filter_map(|(property, value)| {
        let difference = Difference {
            table,
            column: None,
            renamed: (renamed_table, None),
            property,
            before: value,
            between: between
                .and_then(|table| table.properties.get(property))
                .map(String::as_str),
            after: after.properties.get(property).unwrap_or(value),
        };
        difference.finding(comparison).map(|(_, finding)| finding)
    });
    findings.collect()
}

/// Merges the findings of many columns with the same problem.
fn gathered(mut findings: Vec<Finding<'_>>) -> Vec<Finding<'_>> {
    let others = findings.len().saturating_sub(1);
    if findings.len() > FEW {
        findings.truncate(1);
        for first in &mut findings {
            first.message = format!("{}, and {others} other columns", first.message);
        }
    }
    findings
}

/// Up to this number of columns, each column has a finding.
const FEW: usize = 3;

/// Columns that the down script adds and that did not exist before the up script.
fn added<'a>(
    comparison: &Comparison<'_, 'a>,
    table: &Name,
    [before, after]: [&Table<'a>; 2],
    between: Option<&Table<'a>>,
) -> Vec<Finding<'a>> {
    let script = comparison.down.script;
    let is_new = |name: &String| {
        !before.columns.contains_key(name)
            && between.is_none_or(|table| !table.columns.contains_key(name))
    };
    let columns = after.columns.iter().filter(|(name, column)| {
        before.knowledge == Knowledge::Complete
            && is_new(name)
            && column.site.script.path == script.path
    });
    columns
        .map(|(name, column)| {
            Finding::new(
                script,
                Code::M0229,
                column.site.offset,
                format!("the down script adds column `{name}` to `{table}`, which did not exist before the up script"),
                "create only what the up script drops",
            )
        })
        .collect()
}

/// A column that is missing from a table that the down script creates again.
fn missing<'a>(
    comparison: &Comparison<'_, 'a>,
    table: &Name,
    column: &str,
    place: &str,
) -> Option<Finding<'a>> {
    let script = comparison.down.script;
    let offset = made_in(script, table)?;
    Some(Finding::new(
        script,
        Code::M0228,
        offset,
        format!("the down script creates table `{table}` again without its column `{column}`"),
        format!("create it as it was before the up script: `{column}` is from {place}"),
    ))
}
