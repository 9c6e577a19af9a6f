//! Who owns what: whether a script refers only to what is there when it runs,
//! and to what its service may refer to.
//!
//! An object is owned by the service whose migration makes it. The up scripts
//! are walked in plan order, and nothing is said of a name that nobody in the
//! tree makes (but for its schema), nor of one that several services make. A
//! down script is judged by what is there after its own up script.

mod reading;
mod services;
mod words;
mod world;

use std::collections::BTreeSet;

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::finding::Finding;
use crate::objects::{Object, Space};
use crate::script::{Pair, Script};
use crate::site::Site;
use crate::unread::Unread;
use reading::{Absence, Act, Event, Manner, Reading, read};
use services::Services;
use words::{Deed, Reference, Remedy};
use world::{Standing, World};

pub(crate) fn find<'a>(
    registry: &Registry,
    pairs: &'a [Pair<'a>],
    unread: &Unread,
) -> Vec<Finding<'a>> {
    let read = |script| match unread.has(script) {
        true => Reading::default(),
        false => read(script),
    };
    let readings: Vec<[Reading; 2]> = pairs
        .iter()
        .map(|pair| [read(&pair.up), read(&pair.down)])
        .collect();
    let mut world = World::default();
    for (pair, [up, _]) in pairs.iter().zip(&readings) {
        for event in &up.events {
            world.apply(event, &pair.up);
        }
    }
    let mut judge = Judge {
        services: Services::of(registry),
        unread,
        world: world.rewound(),
        out_of_sight: BTreeSet::new(),
        extended: BTreeSet::new(),
        findings: Vec::new(),
    };
    for (pair, [up, down]) in pairs.iter().zip(&readings) {
        judge.pair(pair, up, down);
    }
    judge.findings
}

struct Judge<'r, 'a> {
    services: Services<'r>,
    unread: &'r Unread,
    world: World<'a>,
    /// What may have been made where it cannot be followed.
    out_of_sight: BTreeSet<&'r str>,
    /// The schemas that hold extensions' objects.
    extended: BTreeSet<Option<&'r str>>,
    findings: Vec<Finding<'a>>,
}

/// A script under judgement.
struct Case<'a> {
    script: &'a Script<'a>,
    /// What something was found about: one finding about each is enough.
    reported: BTreeSet<Object>,
    /// The services that a dependency on is missing: said once, it is enough.
    undeclared: BTreeSet<&'a str>,
}

impl<'r, 'a> Judge<'r, 'a> {
    fn pair(&mut self, pair: &'a Pair<'a>, up: &'r Reading, down: &'r Reading) {
        self.services.wait(pair.up.migration);
        let names = up.out_of_sight.iter().map(String::as_str);
        self.out_of_sight.extend(names);
        let schemas = up.extended.iter().map(Option::as_deref);
        self.extended.extend(schemas);
        let mut case = Case {
            script: &pair.up,
            reported: BTreeSet::new(),
            undeclared: BTreeSet::new(),
        };
        for event in &up.events {
            self.event(&mut case, event);
            self.world.apply(event, &pair.up);
        }
        // To take back what is found in the up script is no fault of its own.
        case.script = &pair.down;
        for event in &down.events {
            self.event(&mut case, event);
        }
    }

    fn event(&mut self, case: &mut Case<'a>, event: &Event) {
        if case.reported.contains(&event.object) || self.unread.names(&event.object.name.name) {
            return;
        }
        let finding = match &event.act {
            Act::Make { .. } => self.replaced(case, event),
            Act::Change | Act::Drop | Act::Move { .. } | Act::Use => {
                self.referred(case, event, &event.object)
            }
        };
        match finding {
            Some(finding) => case.report(&event.object, finding, &mut self.findings),
            None => self.schema(case, event),
        }
    }

    /// What is said of the schema in which something is made, or in which there
    /// is something that nobody makes by name.
    fn schema(&mut self, case: &mut Case<'a>, event: &Event) {
        let Some(schema) = schema_of(event.made().unwrap_or(&event.object)) else {
            return;
        };
        let standing = self.world.standing(&event.object);
        let is_concerned = match (&event.act, standing) {
            (Act::Make { manner, .. }, standing) => {
                *manner != Manner::WithItsTable && !is_there_again(case.script, &standing)
            }
            (Act::Move { to }, _) => to.name.schema != event.object.name.schema,
            (Act::Change | Act::Drop | Act::Use, Standing::Unknown) => {
                event.absence == Absence::Fails
            }
            (Act::Change | Act::Drop | Act::Use, _) => false,
        };
        let is_unread = self.unread.names(&schema.name.name);
        if !is_concerned || is_unread || case.reported.contains(&schema) {
            return;
        }
        if let Some(finding) = self.referred(case, event, &schema) {
            case.report(&event.object, finding, &mut self.findings);
            case.reported.insert(schema);
        }
    }

    /// What is said of something that is made where another service's stands.
    fn replaced(&self, case: &Case<'a>, event: &Event) -> Option<Finding<'a>> {
        let made = self.world.replaced(event)?;
        let reference = case.reference(event, &event.object);
        (made.service() != case.service()).then(|| reference.not_its_own(made, Deed::Replaces))
    }

    /// What is said of a reference to an object: to that of the event, or to its schema.
    fn referred(&self, case: &mut Case<'a>, event: &Event, object: &Object) -> Option<Finding<'a>> {
        let reference = case.reference(event, object);
        match self.world.standing(object) {
            Standing::There(made) if made.service() == case.service() => None,
            Standing::There(made) if !self.services.are_in_order(case.script.migration, made) => {
                let remedy = self.services.remedy(case.service(), made);
                case.undeclared(&reference, made, remedy)
            }
            Standing::There(made) => {
                let deed = deed(event, object)?;
                Some(reference.not_its_own(made, deed))
            }
            Standing::Gone(gone) if self.is_certain(case, event, object, gone.site) => {
                Some(reference.too_late(&gone))
            }
            Standing::NotYet(made) => self.not_yet(case, event, &reference, made),
            Standing::Gone(_) | Standing::Disputed | Standing::Unknown => None,
        }
    }

    fn not_yet(
        &self,
        case: &mut Case<'a>,
        event: &Event,
        reference: &Reference<'a, '_>,
        made: Site<'a>,
    ) -> Option<Finding<'a>> {
        let is_declared = made.service() == case.service()
            || self.services.are_in_order(case.script.migration, made);
        let is_certain = self.is_certain(case, event, reference.object, made)
            && !self.is_extended(reference.object);
        let is_down = case.script.direction == Direction::Down;
        let remedy = self.services.remedy(case.service(), made);
        match remedy {
            _ if event.absence == Absence::Passes => None,
            // Where a dependency would put the two in order, that is what is missing.
            Remedy::Dependency if is_certain && !is_declared => {
                case.undeclared(reference, made, remedy)
            }
            _ if is_certain => Some(reference.too_early(made)),
            _ if is_down && !is_declared => case.undeclared(reference, made, remedy),
            Remedy::Dependency | Remedy::Requires => None,
        }
    }

    /// Whether an object that is not there, as far as can be seen, is not there.
    fn is_certain(&self, case: &Case<'a>, event: &Event, object: &Object, site: Site<'a>) -> bool {
        case.script.direction == Direction::Up
            && event.absence == Absence::Fails
            && !site.is_in(case.script)
            && !self.out_of_sight.contains(object.name.name.as_str())
    }

    /// Whether an extension may have made an object of this name.
    fn is_extended(&self, object: &Object) -> bool {
        matches!(object.space, Space::Routine | Space::Type)
            && self.extended.contains(&object.name.schema.as_deref())
    }
}

impl<'a> Case<'a> {
    fn service(&self) -> &'a str {
        &self.script.migration.service
    }

    fn reference<'o>(&self, event: &Event, object: &'o Object) -> Reference<'a, 'o> {
        Reference {
            script: self.script,
            offset: event.offset,
            object,
        }
    }

    fn undeclared(
        &mut self,
        reference: &Reference<'a, '_>,
        made: Site<'a>,
        remedy: Remedy,
    ) -> Option<Finding<'a>> {
        let is_new = self.undeclared.insert(made.service());
        is_new.then(|| reference.undeclared(made, remedy))
    }

    fn report(&mut self, object: &Object, finding: Finding<'a>, findings: &mut Vec<Finding<'a>>) {
        self.reported.insert(object.clone());
        findings.push(finding);
    }
}

/// What an event does to an object that another service owns, if it is more
/// than to use it.
fn deed<'e>(event: &'e Event, object: &Object) -> Option<Deed<'e>> {
    let is_itself = *object == event.object;
    match &event.act {
        Act::Make { .. } => Some(Deed::MakesInIt(&event.object)),
        Act::Move { to } if !is_itself => Some(Deed::MakesInIt(to)),
        Act::Drop if is_itself => Some(Deed::Drops),
        Act::Move { .. } => Some(Deed::Renames),
        Act::Change if is_itself && object.space != Space::Extension => Some(Deed::Changes),
        Act::Change | Act::Drop | Act::Use => None,
    }
}

/// Whether what a script makes is its service's already: replaced, or dropped by
/// the up script that it takes back.
fn is_there_again(script: &Script<'_>, standing: &Standing<'_>) -> bool {
    match standing {
        Standing::There(made) => made.service() == script.migration.service,
        Standing::Gone(_) => script.direction == Direction::Down,
        Standing::NotYet(_) | Standing::Disputed | Standing::Unknown => false,
    }
}

fn schema_of(object: &Object) -> Option<Object> {
    object.name.schema.clone().map(Object::schema)
}

#[cfg(test)]
mod tests;
