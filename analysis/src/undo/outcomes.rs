//! The outcomes of a script's operations at its end.

use std::collections::BTreeMap;

use crate::names::Name;
use crate::objects::{Effect, Object, Space};

use super::operations::{Operation, Operations};
use super::renames::Renames;

/// What a script has done to an object at its end.
#[derive(Clone)]
pub(super) enum Outcome<'a> {
    /// The object is new.
    Created(Object, Operation<'a>),
    /// The object has another name.
    Renamed(Object, Operation<'a>),
    /// The object is dropped.
    Dropped(Object, Operation<'a>),
    /// The first operation drops the object, and the second creates it again.
    Recreated(Object, Operation<'a>, Operation<'a>),
    /// The object is changed.
    Changed(Object),
}

/// The outcomes of a script, by the name of their object.
#[derive(Default)]
pub(super) struct Outcomes<'a>(BTreeMap<String, Vec<Outcome<'a>>>);

impl<'a> Outcomes<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Outcome<'a>> {
        self.0.values().flatten()
    }

    /// The outcomes of objects of a name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Outcome<'a>> {
        self.0.get(name).into_iter().flatten()
    }

    /// The outcomes of relations that may be this table.
    pub(super) fn of_table(
        &self,
        names: &Renames,
        table: &Name,
    ) -> impl Iterator<Item = &Outcome<'a>> {
        let (all, alike) = match names.has_tables() {
            true => (Some(self.0.values()), None),
            false => (None, self.0.get(&table.name)),
        };
        let outcomes = all.into_iter().flatten().chain(alike).flatten();
        outcomes.filter(move |outcome| {
            let object = outcome.object();
            object.space == Space::Relation && names.is_same_table(&object.name, table)
        })
    }

    fn push(&mut self, outcome: Outcome<'a>) {
        let name = outcome.object().name.name.clone();
        self.0.entry(name).or_default().push(outcome);
    }

    fn take(&mut self, names: &Renames, object: &Object) -> Option<Outcome<'a>> {
        let alike = self.0.get_mut(&object.name.name)?;
        let is_it = |entry: &Outcome<'a>| names.is_same_object(entry.object(), object);
        let at = alike.iter().position(is_it)?;
        Some(alike.remove(at))
    }
}

impl Outcome<'_> {
    pub(super) fn object(&self) -> &Object {
        match self {
            Outcome::Created(object, _)
            | Outcome::Renamed(object, _)
            | Outcome::Dropped(object, _)
            | Outcome::Recreated(object, ..)
            | Outcome::Changed(object) => object,
        }
    }
}

impl<'a> Operations<'a> {
    /// The outcomes at the end of the script.
    pub(super) fn outcomes(&self, names: &Renames) -> Outcomes<'a> {
        let mut outcomes = Outcomes::default();
        for operation in &self.all {
            let object = &operation.mention.object;
            match (operation.mention.effect, operation.before) {
                (Effect::Drop, _) => drop_object(&mut outcomes, names, object, *operation),
                (_, Some(before)) => rename(&mut outcomes, names, before, *operation),
                (_, None) => make(&mut outcomes, names, object, *operation),
            }
        }
        outcomes
    }
}

fn make<'a>(
    outcomes: &mut Outcomes<'a>,
    names: &Renames,
    object: &Object,
    operation: Operation<'a>,
) {
    let now = match outcomes.take(names, object) {
        Some(Outcome::Created(object, first)) => Outcome::Created(object, first),
        Some(Outcome::Dropped(object, old) | Outcome::Recreated(object, old, _)) => {
            Outcome::Recreated(object, old, operation)
        }
        Some(Outcome::Changed(object) | Outcome::Renamed(object, _)) => Outcome::Changed(object),
        None => Outcome::Created(object.clone(), operation),
    };
    outcomes.push(now);
}

fn drop_object<'a>(
    outcomes: &mut Outcomes<'a>,
    names: &Renames,
    object: &Object,
    operation: Operation<'a>,
) {
    match outcomes.take(names, object) {
        None | Some(Outcome::Changed(_)) => {
            outcomes.push(Outcome::Dropped(object.clone(), operation));
        }
        Some(Outcome::Created(..)) => {}
        Some(Outcome::Dropped(object, first) | Outcome::Recreated(object, first, _)) => {
            outcomes.push(Outcome::Dropped(object, first));
        }
        Some(Outcome::Renamed(_, renaming)) => {
            let old = renaming.before.unwrap_or(object).clone();
            let is_back = outcomes.take(names, &old).is_some();
            outcomes.push(if is_back {
                Outcome::Changed(old)
            } else {
                Outcome::Dropped(old, operation)
            });
        }
    }
}

fn rename<'a>(
    outcomes: &mut Outcomes<'a>,
    names: &Renames,
    before: &Object,
    operation: Operation<'a>,
) {
    let object = operation.mention.object.clone();
    let is_moved = names.is_same_object(before, &object);
    let old = outcomes.take(names, before);
    let target = if is_moved {
        None
    } else {
        outcomes.take(names, &object)
    };
    let now = match (old, target) {
        (_, Some(_)) | (Some(Outcome::Changed(_) | Outcome::Recreated(..)), None) => {
            Outcome::Changed(object)
        }
        (Some(Outcome::Created(_, first)), None) => Outcome::Created(object, first),
        // Back to the original name.
        (Some(Outcome::Renamed(_, first)), None)
            if first
                .before
                .is_some_and(|first| names.is_same_object(first, &object)) =>
        {
            return;
        }
        (Some(Outcome::Renamed(_, first)), None) => Outcome::Renamed(
            object,
            Operation {
                before: first.before,
                ..operation
            },
        ),
        (Some(Outcome::Dropped(..)) | None, None) => Outcome::Renamed(object, operation),
    };
    outcomes.push(now);
}
