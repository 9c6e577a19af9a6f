//! Checks `requires` directives, and puts the migrations in plan order.

use crate::small;
use std::collections::BTreeMap;

use crate::code::Code;
use crate::layout::{Standing, standing};
use crate::manifest::Manifest;
use crate::nearest::suggestion;
use crate::order::topological;
use crate::pairs::{Found, Pair};
use crate::place::Place;
use crate::problem::Problem;
use crate::registry::MigrationRef;
use crate::sql;
use crate::tree::Tree;
use crate::version::Version;

/// Puts the migrations in plan order. They must be in the order of services, then of versions.
///
/// If there is a fault, the order does not change.
pub(crate) fn put_in_order(found: &mut Found, tree: &Tree, manifest: &Manifest) {
    let pairs = &found.pairs;
    let unknown =
        |reference: &MigrationRef, place| unknown(tree, manifest, pairs, reference, place);
    let places = pairs.iter().enumerate();
    let index: Index =
        small::collect(places.map(|(i, pair)| ((pair.service.as_str(), pair.up.file.version), i)));
    let mut problems = Vec::new();
    let mut waits_for = Vec::new();
    for (i, pair) in pairs.iter().enumerate() {
        let mut others = required(pair, &index, found, &unknown, &mut problems);
        let previous = i.checked_sub(1);
        others.extend(previous.filter(|&p| pairs[p].service == pair.service));
        waits_for.push(others);
    }
    match topological(&waits_for) {
        Ok(order) => rearrange(&mut found.pairs, &order),
        Err(cycle) => problems.push(cycle_fault(pairs, &cycle)),
    }
    found.problems.extend(problems);
}

type Index<'a> = BTreeMap<(&'a str, Version), usize>;

fn required(
    pair: &Pair,
    index: &Index<'_>,
    found: &Found,
    unknown: &impl Fn(&MigrationRef, Place) -> Option<Problem>,
    problems: &mut Vec<Problem>,
) -> Vec<usize> {
    let mut others = Vec::new();
    for (reference, offset) in &pair.up.directives.requires {
        let place = Place::within(&pair.up.path, &sql::normalise(&pair.up.raw), *offset);
        let is_itself =
            reference.service == pair.service && reference.version == pair.up.file.version;
        let at_fault = (reference.service.to_string(), reference.version);
        match index.get(&(reference.service.as_ref(), reference.version)) {
            _ if is_itself => problems.push(Problem::at(
                Code::M0311,
                place,
                format!("`{reference}` requires itself"),
                "remove the directive",
            )),
            Some(&other) => others.push(other),
            None if found.at_fault.contains(&at_fault) => {}
            None => problems.extend(unknown(reference, place)),
        }
    }
    others
}

/// The finding on a reference to no migration; `None` if another finding explains it.
fn unknown(
    tree: &Tree,
    manifest: &Manifest,
    pairs: &[Pair],
    reference: &MigrationRef,
    place: Place,
) -> Option<Problem> {
    let MigrationRef { service, version } = reference;
    let (message, help) = match standing(tree, manifest, service) {
        Standing::Hidden => return None,
        Standing::Unknown => {
            let services = manifest.services.iter().map(|entry| entry.name.as_str());
            (
                format!("unknown service `{service}` in `{reference}`"),
                suggestion(service, "service", services),
            )
        }
        Standing::Read => {
            let of_service = pairs.iter().filter(|pair| pair.service == *service);
            let versions: Vec<String> = of_service.map(|p| p.up.file.version.to_string()).collect();
            let help = match versions.is_empty() {
                true => format!("the service `{service}` has no migrations yet"),
                false => {
                    let versions = versions.iter().map(String::as_str);
                    suggestion(&version.to_string(), "version", versions)
                }
            };
            (format!("there is no migration `{reference}`"), help)
        }
    };
    Some(Problem::at(Code::M0310, place, message, help))
}

/// Reports the cycle at one of its `requires` directives. Each step says why it waits.
fn cycle_fault(pairs: &[Pair], cycle: &[usize]) -> Problem {
    let waits: Vec<(usize, usize)> = (0..cycle.len())
        .map(|i| (cycle[i], cycle[(i + 1) % cycle.len()]))
        .collect();
    let steps: Vec<String> = waits
        .iter()
        .map(|&(from, to)| match requires_offset(pairs, from, to) {
            Some(_) => format!(
                "`{}` requires `{}`",
                reference(pairs, from),
                reference(pairs, to)
            ),
            None => format!(
                "`{}` follows `{}`",
                reference(pairs, from),
                reference(pairs, to)
            ),
        })
        .collect();
    let place = waits
        .iter()
        .find_map(|&(from, to)| {
            let offset = requires_offset(pairs, from, to)?;
            let up = &pairs[from].up;
            Some(Place::within(&up.path, &sql::normalise(&up.raw), offset))
        })
        .unwrap_or_else(|| Place::file(pairs[cycle[0]].up.path.clone()));
    Problem::at(
        Code::M0312,
        place,
        format!("migrations wait for each other: {}", steps.join(", ")),
        "remove one of the `requires`, or split a migration in two",
    )
}

fn reference(pairs: &[Pair], i: usize) -> String {
    format!("{}/{}", pairs[i].service, pairs[i].up.file.version)
}

fn requires_offset(pairs: &[Pair], from: usize, to: usize) -> Option<usize> {
    let requires = &pairs[from].up.directives.requires;
    let wanted = (pairs[to].service.as_str(), pairs[to].up.file.version);
    requires
        .iter()
        .find(|(r, _)| (r.service.as_ref(), r.version) == wanted)
        .map(|(_, offset)| *offset)
}

fn rearrange(pairs: &mut Vec<Pair>, order: &[usize]) {
    let mut unordered: Vec<Option<Pair>> = pairs.drain(..).map(Some).collect();
    pairs.extend(order.iter().filter_map(|&i| unordered[i].take()));
}
