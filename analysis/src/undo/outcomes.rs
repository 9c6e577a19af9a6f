//! The outcomes of a script's operations at its end.

use crate::names::Name;
use crate::objects::{Effect, Object, Space};
use migrator_model::small;

use super::by_name::ByName;
use super::operations::{Operation, Operations};
use super::renames::Renames;

/// The state of an object after a script, compared with before.
#[derive(Clone)]
pub(super) enum Outcome<'a> {
    /// The object is new.
    Created(&'a Object, Operation<'a>),
    /// The object has another name.
    Renamed(&'a Object, Operation<'a>),
    /// The object is dropped.
    Dropped(&'a Object, Operation<'a>),
    /// The object is dropped and created again.
    Recreated(&'a Object, Box<Recreation<'a>>),
    /// The object is changed.
    Changed(&'a Object),
}

/// The operations that replace an object.
#[derive(Clone)]
pub(super) struct Recreation<'a> {
    pub(super) dropped: Operation<'a>,
    pub(super) made: Operation<'a>,
}

/// The outcomes of a script, in the order of their names.
#[derive(Default)]
pub(super) struct Outcomes<'a> {
    all: Vec<Outcome<'a>>,
    /// The places of the renamed objects in `all`.
    renamed: Vec<usize>,
}

impl<'a> Outcomes<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Outcome<'a>> {
        self.all.iter()
    }

    /// The outcomes of renamed objects.
    pub(super) fn renamed(&self) -> impl Iterator<Item = &Outcome<'a>> {
        self.renamed.iter().filter_map(|&place| self.all.get(place))
    }

    /// The outcomes of objects of a name.
    pub(super) fn named<'s>(
        &'s self,
        name: &str,
    ) -> impl Iterator<Item = &'s Outcome<'a>> + use<'s, 'a> {
        let of = |outcome: &Outcome<'a>| outcome.name();
        let start = self.all.partition_point(|one| of(one) < name);
        let end = self.all.partition_point(|one| of(one) <= name);
        self.all.get(start..end).into_iter().flatten()
    }

    /// The outcomes of relations that may be this table.
    pub(super) fn of_table<'s>(
        &'s self,
        names: &'s Renames,
        table: &'s Name,
    ) -> impl Iterator<Item = &'s Outcome<'a>> + use<'s, 'a> {
        let called = names.also_called(&table.name).into_iter();
        let outcomes = called.flat_map(|name| self.named(name));
        outcomes.filter(move |outcome| {
            let object = outcome.object();
            object.space == Space::Relation && names.is_same_table(&object.name, table)
        })
    }
}

/// The outcomes so far, in the order in which they happened.
#[derive(Default)]
struct Following<'a> {
    /// An outcome that is replaced leaves a gap.
    all: Vec<Option<Outcome<'a>>>,
    places: ByName<'a>,
}

impl<'a> Following<'a> {
    fn push(&mut self, outcome: Outcome<'a>) {
        self.places.add(outcome.object(), self.all.len());
        self.all.push(Some(outcome));
    }

    /// Takes the first outcome of an object.
    fn take(&mut self, names: &Renames, object: &Object) -> Option<Outcome<'a>> {
        let is_it = |&place: &usize| {
            let outcome = self.all.get(place).and_then(Option::as_ref);
            outcome.is_some_and(|one| names.is_same_object(one.object(), object))
        };
        let place = self.places.alike(names, object).filter(is_it).min()?;
        let outcome = self.all.get_mut(place)?.take()?;
        self.places.remove(outcome.object(), place);
        Some(outcome)
    }

    fn end(self) -> Outcomes<'a> {
        let mut all: Vec<Outcome<'a>> = self.all.into_iter().flatten().collect();
        all.shrink_to_fit();
        small::sort_by(&mut all, |a, b| a.name().cmp(b.name()));
        let is_renamed = |(_, one): &(usize, &Outcome<'a>)| matches!(one, Outcome::Renamed(..));
        let renamed = all.iter().enumerate().filter(is_renamed);
        Outcomes {
            renamed: renamed.map(|(place, _)| place).collect(),
            all,
        }
    }
}

impl<'a> Outcome<'a> {
    fn name(&self) -> &'a str {
        &self.object().name.name
    }

    pub(super) fn object(&self) -> &'a Object {
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
        let mut outcomes = Following::default();
        for operation in &self.all {
            let object = &operation.mention.object;
            match (operation.mention.effect, operation.before) {
                (Effect::Drop, _) => drop_object(&mut outcomes, names, object, *operation),
                (_, Some(before)) => rename(&mut outcomes, names, before, *operation),
                (_, None) => make(&mut outcomes, names, object, *operation),
            }
        }
        outcomes.end()
    }
}

fn make<'a>(
    outcomes: &mut Following<'a>,
    names: &Renames,
    object: &'a Object,
    operation: Operation<'a>,
) {
    let now = match outcomes.take(names, object) {
        Some(Outcome::Created(object, first)) => Outcome::Created(object, first),
        Some(Outcome::Dropped(object, dropped)) => recreated(object, dropped, operation),
        Some(Outcome::Recreated(object, old)) => recreated(object, old.dropped, operation),
        Some(Outcome::Changed(object) | Outcome::Renamed(object, _)) => Outcome::Changed(object),
        None => Outcome::Created(object, operation),
    };
    outcomes.push(now);
}

fn recreated<'a>(object: &'a Object, dropped: Operation<'a>, made: Operation<'a>) -> Outcome<'a> {
    Outcome::Recreated(object, Box::new(Recreation { dropped, made }))
}

fn drop_object<'a>(
    outcomes: &mut Following<'a>,
    names: &Renames,
    object: &'a Object,
    operation: Operation<'a>,
) {
    match outcomes.take(names, object) {
        None | Some(Outcome::Changed(_)) => {
            outcomes.push(Outcome::Dropped(object, operation));
        }
        Some(Outcome::Created(..)) => {}
        Some(Outcome::Dropped(object, first)) => outcomes.push(Outcome::Dropped(object, first)),
        Some(Outcome::Recreated(object, old)) => {
            outcomes.push(Outcome::Dropped(object, old.dropped));
        }
        Some(Outcome::Renamed(_, renaming)) => {
            let old = renaming.before.unwrap_or(object);
            let is_back = outcomes.take(names, old).is_some();
            outcomes.push(if is_back {
                Outcome::Changed(old)
            } else {
                Outcome::Dropped(old, operation)
            });
        }
    }
}

fn rename<'a>(
    outcomes: &mut Following<'a>,
    names: &Renames,
    before: &'a Object,
    operation: Operation<'a>,
) {
    let object = &operation.mention.object;
    let is_moved = names.is_same_object(before, object);
    let old = outcomes.take(names, before);
    let target = if is_moved {
        None
    } else {
        outcomes.take(names, object)
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
                .is_some_and(|first| names.is_same_object(first, object)) =>
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
