//! Checks that each script refers only to existing objects, and only to those that its service may
//! use.
//!
//! The service whose migration creates an object owns it. This module follows the up scripts in
//! plan order. It reports nothing about names that no script or several services create, except
//! about their schema. A down script is checked against the objects that exist after its up script.

mod events;
mod inventory;
mod messages;
mod services;
mod uses;

use std::collections::BTreeSet;

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::finding::Finding;
use crate::objects::{Object, Space};
use crate::script::{Pair, Script};
use crate::site::Site;
use crate::unread::Unread;
use events::{Action, Creation, Event, IfMissing, ScriptEvents, read};
use inventory::{Existence, Inventory};
use messages::{ForeignChange, Reference, Remedy};
use services::Services;
pub use uses::{ChangeKind, ObjectChange, Uses, uses};

pub(crate) fn find<'a>(
    registry: &Registry,
    pairs: &'a [Pair<'a>],
    unread: &Unread,
) -> Vec<Finding<'a>> {
    let read = |script| match unread.contains(script) {
        true => ScriptEvents::default(),
        false => read(script),
    };
    let readings: Vec<[ScriptEvents; 2]> = pairs
        .iter()
        .map(|pair| [read(&pair.up), read(&pair.down)])
        .collect();
    let mut inventory = Inventory::default();
    for (pair, [up, _]) in pairs.iter().zip(&readings) {
        for event in &up.events {
            inventory.apply(event, &pair.up);
        }
    }
    let mut checker = Checker {
        services: Services::of(registry),
        unread,
        inventory: inventory.rewound(),
        maybe_created: BTreeSet::new(),
        extension_schemas: BTreeSet::new(),
        findings: Vec::new(),
    };
    for (pair, [up, down]) in pairs.iter().zip(&readings) {
        checker.pair(pair, up, down);
    }
    checker.findings
}

struct Checker<'r, 'a> {
    services: Services<'r>,
    unread: &'r Unread,
    inventory: Inventory<'a>,
    /// Names of objects that scripts may have created unseen.
    maybe_created: BTreeSet<&'r str>,
    /// The schemas of extensions.
    extension_schemas: BTreeSet<Option<&'r str>>,
    findings: Vec<Finding<'a>>,
}

/// The script that is checked.
struct ScriptCheck<'a> {
    script: &'a Script<'a>,
    /// The objects that have a finding. Each gets one finding only.
    reported: BTreeSet<Object>,
    /// The services to which a dependency is missing. Each is reported once.
    undeclared: BTreeSet<&'a str>,
}

impl<'r, 'a> Checker<'r, 'a> {
    fn pair(&mut self, pair: &'a Pair<'a>, up: &'r ScriptEvents, down: &'r ScriptEvents) {
        self.services.add_requires(pair.up.migration);
        let names = up.maybe_created.iter().map(String::as_str);
        self.maybe_created.extend(names);
        let schemas = up.extension_schemas.iter().map(Option::as_deref);
        self.extension_schemas.extend(schemas);
        let mut check = ScriptCheck {
            script: &pair.up,
            reported: BTreeSet::new(),
            undeclared: BTreeSet::new(),
        };
        for event in &up.events {
            self.event(&mut check, event);
            self.inventory.apply(event, &pair.up);
        }
        // The down script may reverse an effect that already has a finding.
        check.script = &pair.down;
        for event in &down.events {
            self.event(&mut check, event);
        }
    }

    fn event(&mut self, check: &mut ScriptCheck<'a>, event: &Event) {
        if check.reported.contains(&event.object)
            || self.unread.may_mention(&event.object.name.name)
        {
            return;
        }
        let finding = match &event.action {
            Action::Create { .. } => self.replaced(check, event),
            Action::Alter | Action::Drop | Action::Rename { .. } | Action::Reference => {
                self.referred(check, event, &event.object)
            }
        };
        match finding {
            Some(finding) => check.report(&event.object, finding, &mut self.findings),
            None => self.schema(check, event),
        }
    }

    /// The finding about the schema of a created object, or of an object that no script creates.
    fn schema(&mut self, check: &mut ScriptCheck<'a>, event: &Event) {
        let Some(schema) = event.made().unwrap_or(&event.object).schema_in_name() else {
            return;
        };
        let existence = self.inventory.existence(&event.object);
        let is_concerned = match (&event.action, existence) {
            (Action::Create { creation, .. }, existence) => {
                *creation != Creation::WithTable && !is_there_again(check.script, &existence)
            }
            (Action::Rename { to }, _) => to.name.schema != event.object.name.schema,
            (Action::Alter | Action::Drop | Action::Reference, Existence::Unknown) => {
                event.if_missing == IfMissing::Fail
            }
            (Action::Alter | Action::Drop | Action::Reference, _) => false,
        };
        let is_unread = self.unread.may_mention(&schema.name.name);
        if !is_concerned || is_unread || check.reported.contains(&schema) {
            return;
        }
        if let Some(finding) = self.referred(check, event, &schema) {
            check.report(&event.object, finding, &mut self.findings);
            check.reported.insert(schema);
        }
    }

    /// The finding about an object of another service that a script replaces.
    fn replaced(&self, check: &ScriptCheck<'a>, event: &Event) -> Option<Finding<'a>> {
        let made = self.inventory.replaced(event)?;
        let reference = check.reference(event, &event.object);
        (made.service() != check.service())
            .then(|| reference.not_its_own(made, ForeignChange::Replaces))
    }

    /// The finding about a reference to an object or to its schema.
    fn referred(
        &self,
        check: &mut ScriptCheck<'a>,
        event: &Event,
        object: &Object,
    ) -> Option<Finding<'a>> {
        let reference = check.reference(event, object);
        match self.inventory.existence(object) {
            Existence::Exists(made) if made.service() == check.service() => None,
            Existence::Exists(made) if !self.services.runs_after(check.script.migration, made) => {
                let remedy = self.services.remedy(check.service(), made);
                check.undeclared(&reference, made, remedy)
            }
            Existence::Exists(made) => {
                let foreign_change = foreign_change(event, object)?;
                Some(reference.not_its_own(made, foreign_change))
            }
            Existence::Removed(gone) if self.is_certain(check, event, object, gone.site) => {
                Some(reference.too_late(&gone))
            }
            Existence::Later(made) => self.not_yet(check, event, &reference, made),
            Existence::Removed(_) | Existence::Disputed | Existence::Unknown => None,
        }
    }

    fn not_yet(
        &self,
        check: &mut ScriptCheck<'a>,
        event: &Event,
        reference: &Reference<'a, '_>,
        made: Site<'a>,
    ) -> Option<Finding<'a>> {
        let is_declared = made.service() == check.service()
            || self.services.runs_after(check.script.migration, made);
        let is_certain = self.is_certain(check, event, reference.object, made)
            && !self.may_be_of_extension(reference.object);
        let is_down = check.script.direction == Direction::Down;
        let remedy = self.services.remedy(check.service(), made);
        match remedy {
            _ if event.if_missing == IfMissing::Skip => None,
            // A dependency would make the other migration run first.
            Remedy::Dependency if is_certain && !is_declared => {
                check.undeclared(reference, made, remedy)
            }
            _ if is_certain => Some(reference.too_early(made)),
            _ if is_down && !is_declared => check.undeclared(reference, made, remedy),
            Remedy::Dependency | Remedy::Requires => None,
        }
    }

    /// Whether an object is certain to be missing.
    fn is_certain(
        &self,
        check: &ScriptCheck<'a>,
        event: &Event,
        object: &Object,
        site: Site<'a>,
    ) -> bool {
        check.script.direction == Direction::Up
            && event.if_missing == IfMissing::Fail
            && !site.is_in(check.script)
            && !self.maybe_created.contains(object.name.name.as_str())
    }

    /// Whether an extension may have made an object of this name.
    fn may_be_of_extension(&self, object: &Object) -> bool {
        matches!(object.space, Space::Routine | Space::Type)
            && self
                .extension_schemas
                .contains(&object.name.schema.as_deref())
    }
}

impl<'a> ScriptCheck<'a> {
    fn service(&self) -> &'a str {
        self.script.migration.service
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

/// The change that an event makes to another service's object. `None` if it only refers to it.
fn foreign_change<'e>(event: &'e Event, object: &Object) -> Option<ForeignChange<'e>> {
    let is_itself = *object == event.object;
    match &event.action {
        Action::Create { .. } => Some(ForeignChange::CreatesInside(&event.object)),
        Action::Rename { to } if !is_itself => Some(ForeignChange::CreatesInside(to)),
        Action::Drop if is_itself => Some(ForeignChange::Drops),
        Action::Rename { .. } => Some(ForeignChange::Renames),
        Action::Alter if is_itself && object.space != Space::Extension => {
            Some(ForeignChange::Changes)
        }
        Action::Alter | Action::Drop | Action::Reference => None,
    }
}

/// Whether the service of a script owns the object that the script creates again.
fn is_there_again(script: &Script<'_>, existence: &Existence<'_>) -> bool {
    match existence {
        Existence::Exists(made) => made.service() == script.migration.service,
        Existence::Removed(_) => script.direction == Direction::Down,
        Existence::Later(_) | Existence::Disputed | Existence::Unknown => false,
    }
}

#[cfg(test)]
mod tests;
