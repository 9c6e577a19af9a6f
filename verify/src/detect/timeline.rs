//! What each pending migration changes in a catalog, and which of these changes another catalog
//! shows.
//!
//! A *point* is the existence of an object, or one of its properties. It has a value before the first
//! pending migration, and another value after each migration that changes it. The value in the live
//! database tells how far the database came: a value that only a later state has means that the
//! migrations before that state ran. A value that an earlier and a later state have tells nothing
//! about the migrations between them.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, Missing, MissingEffect, Presence};
use crate::snapshot::content::Snapshot;
use crate::snapshot::object::{Kind, Object};

/// The property that changes if a column before this one is dropped.
const POSITION: &str = "position";

/// The property that depends on who runs a script.
const OWNER: &str = "owner";

/// The existence of an object, or its property with this name.
pub(super) type Place = (Object, Option<String>);

/// The values of a point.
#[derive(Debug, Default)]
struct Point {
    start: Option<String>,
    /// The number of each migration that changes it, and the value after the migration.
    changes: Vec<(usize, Option<String>)>,
}

/// What a value in the live database says about one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Found,
    Missing,
    /// No state has this value.
    Another,
    Silent,
}

impl Point {
    fn sign(&self, number: usize, live: Option<&str>) -> Sign {
        let changes = self.changes.iter();
        let Some(at) = changes.clone().position(|(one, _)| *one == number) else {
            return Sign::Silent;
        };
        let values = [&self.start]
            .into_iter()
            .chain(changes.map(|(_, value)| value));
        let fits = values
            .enumerate()
            .filter(|(_, value)| value.as_deref() == live);
        let (before, after): (Vec<_>, Vec<_>) = fits.partition(|(state, _)| *state <= at);
        match (before.is_empty(), after.is_empty()) {
            (true, false) => Sign::Found,
            (false, true) => Sign::Missing,
            (false, false) => Sign::Silent,
            // What a later migration has changed may be as this one left it, or not.
            (true, true) if at + 1 < self.changes.len() => Sign::Silent,
            (true, true) => Sign::Another,
        }
    }

    fn value_after(&self, number: usize) -> Option<String> {
        let mut changes = self.changes.iter();
        let found = changes.find(|(one, _)| *one == number);
        found.and_then(|(_, value)| value.clone())
    }
}

/// The live database, as far as it is compared.
pub(super) struct Live<'l> {
    pub(super) snapshot: &'l Snapshot,
    /// The properties whose text differs from the last state, with the same meaning.
    pub(super) same: BTreeSet<Place>,
    /// Whether the session sees the options of all user mappings.
    pub(super) is_superuser: bool,
}

/// What each pending migration changes.
pub(super) struct Timeline {
    /// The state after the last migration.
    pub(super) last: Snapshot,
    points: BTreeMap<Place, Point>,
    /// The effects of each migration.
    effects: Vec<Vec<Place>>,
}

impl Timeline {
    /// Starts with the state before the first pending migration.
    pub(super) fn new(start: Snapshot) -> Timeline {
        Timeline {
            last: start,
            points: BTreeMap::new(),
            effects: Vec::new(),
        }
    }

    /// Adds the state after the next migration.
    pub(super) fn add(&mut self, after: Snapshot) {
        let before = std::mem::replace(&mut self.last, after);
        let number = self.effects.len();
        let mut effects = Vec::new();
        let candidates = before.candidates(&self.last);
        for object in candidates.into_iter().cloned().collect::<BTreeSet<_>>() {
            let (old, new) = (before.properties(&object), self.last.properties(&object));
            let exists = |is_there: bool| is_there.then(String::new);
            let is_change = old.is_none() != new.is_none();
            // The latest form of the object has its parent.
            let object = self.last.find(&object).or(before.find(&object));
            let Some(object) = object.cloned() else {
                continue;
            };
            if is_change {
                let place = (object.clone(), None);
                let values = [exists(old.is_some()), exists(new.is_some())];
                change(&mut self.points, &place, number, values);
                let goes_with_parent = new.is_none()
                    && object
                        .parent()
                        .is_some_and(|parent| self.last.properties(parent).is_none());
                if !goes_with_parent {
                    effects.push(place);
                }
            }
            let names = [old, new].into_iter().flatten();
            let names: BTreeSet<&String> = names.flat_map(BTreeMap::keys).collect();
            for name in names.into_iter().filter(|name| *name != POSITION) {
                let value = |all: Option<&BTreeMap<String, String>>| all?.get(name).cloned();
                let values = [value(old), value(new)];
                if values[0] != values[1] {
                    let place = (object.clone(), Some(name.clone()));
                    change(&mut self.points, &place, number, values);
                    if !is_change {
                        effects.push(place);
                    }
                }
            }
        }
        self.effects.push(effects);
    }

    /// Whether a pending migration changes a property.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.points.contains_key(place)
    }

    /// What the live database shows of the migration with this number.
    pub(super) fn evidence(&self, number: usize, live: &Live<'_>) -> Evidence {
        let effects = self.effects.get(number).map_or(&[][..], Vec::as_slice);
        let (mut found, mut in_another_form, mut missing) = (0, 0, Vec::new());
        for place in effects {
            match self.lacking(place, number, live) {
                Lacking::Nothing => found += 1,
                Lacking::Unknown => {}
                Lacking::Effect(effect) => missing.push((place, effect)),
                Lacking::Form(all) => {
                    in_another_form += 1;
                    missing.extend(all.into_iter().map(|effect| (place, effect)));
                }
            }
        }
        let lacks: BTreeSet<&Place> = missing.iter().map(|(place, _)| *place).collect();
        let made = found + lacks.len();
        let presence = match (found, lacks.len()) {
            (0, 0) => Presence::Unknown(unknown(effects.is_empty()).to_owned()),
            (_, 0) => Presence::All,
            (0, _) if in_another_form == 0 => Presence::None,
            (_, _) => Presence::Part,
        };
        let is_listed = |(place, effect): &(&Place, MissingEffect)| {
            *effect != MissingEffect::Object
                || place
                    .0
                    .parent()
                    .is_none_or(|parent| live.snapshot.properties(parent).is_some())
        };
        let listed = missing.into_iter().filter(is_listed);
        let listed = listed.map(|((object, _), effect)| Missing {
            object: object.clone(),
            effect,
        });
        Evidence {
            made,
            found,
            missing: listed.collect(),
            presence,
        }
    }

    /// What is missing of an effect.
    fn lacking(&self, place: &Place, number: usize, live: &Live<'_>) -> Lacking {
        let (object, name) = place;
        if let Some(name) = name {
            return match self.sign(place, number, live) {
                Sign::Found => Lacking::Nothing,
                Sign::Silent => Lacking::Unknown,
                Sign::Missing => Lacking::Effect(self.property(object, name, number, live)),
                Sign::Another => Lacking::Form(vec![self.property(object, name, number, live)]),
            };
        }
        match self.sign(place, number, live) {
            Sign::Silent | Sign::Another => Lacking::Unknown,
            Sign::Found => self.another_form(object, number, live),
            Sign::Missing if live.snapshot.properties(object).is_some() => {
                Lacking::Effect(MissingEffect::Drop)
            }
            Sign::Missing => Lacking::Effect(MissingEffect::Object),
        }
    }

    /// The properties of a new object that are not as the migration makes them.
    fn another_form(&self, object: &Object, number: usize, live: &Live<'_>) -> Lacking {
        if live.snapshot.properties(object).is_none() {
            return Lacking::Nothing;
        }
        let from = (object.clone(), None);
        let points = self.points.range(from..);
        let points = points.take_while(|((one, _), _)| one == object);
        let names = points.filter_map(|((_, name), _)| name.as_deref());
        let others = names.filter(|name| *name != OWNER).filter(|name| {
            let place = (object.clone(), Some((*name).to_owned()));
            let sign = self.sign(&place, number, live);
            matches!(sign, Sign::Missing | Sign::Another)
        });
        let others: Vec<_> = others
            .map(|name| self.property(object, name, number, live))
            .collect();
        match others.is_empty() {
            true => Lacking::Nothing,
            false => Lacking::Form(others),
        }
    }

    fn sign(&self, place: &Place, number: usize, live: &Live<'_>) -> Sign {
        let (Some(point), (object, name)) = (self.points.get(place), place) else {
            return Sign::Silent;
        };
        if live.same.contains(place) {
            let last = point.changes.last().and_then(|(_, value)| value.as_deref());
            return point.sign(number, last);
        }
        let properties = live.snapshot.properties(object);
        match name {
            None => point.sign(number, properties.map(|_| "")),
            Some(name) => {
                let value = properties.and_then(|all| all.get(name));
                let is_hidden = object.kind == Kind::UserMapping && name == "options";
                match is_hidden && value.is_none() && !live.is_superuser {
                    true => Sign::Silent,
                    false => point.sign(number, value.map(String::as_str)),
                }
            }
        }
    }

    fn property(
        &self,
        object: &Object,
        name: &str,
        number: usize,
        live: &Live<'_>,
    ) -> MissingEffect {
        let Some(properties) = live.snapshot.properties(object) else {
            return MissingEffect::Object;
        };
        let point = self.points.get(&(object.clone(), Some(name.to_owned())));
        MissingEffect::Property {
            name: name.to_owned(),
            expected: point.and_then(|point| point.value_after(number)),
            found: properties.get(name).cloned(),
        }
    }
}

/// What is missing of an effect.
enum Lacking {
    Nothing,
    Effect(MissingEffect),
    /// The object is there with other properties.
    Form(Vec<MissingEffect>),
    Unknown,
}

fn change(
    points: &mut BTreeMap<Place, Point>,
    place: &Place,
    number: usize,
    [old, new]: [Option<String>; 2],
) {
    let point = points.entry(place.clone()).or_insert_with(|| Point {
        start: old,
        changes: Vec::new(),
    });
    point.changes.push((number, new));
}

fn unknown(changes_nothing: bool) -> &'static str {
    match changes_nothing {
        true => "it changes nothing in the catalog; rows are not compared",
        false => "later migrations change the same objects back",
    }
}

#[cfg(test)]
mod tests {
    use super::{Point, Sign};

    /// A point with these values, of which the first is the start.
    fn point(values: &[Option<&str>]) -> Point {
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let changes = values[1..].iter().enumerate();
        Point {
            start: owned(values[0]),
            changes: changes.map(|(at, value)| (at, owned(*value))).collect(),
        }
    }

    #[test]
    fn a_value_of_a_later_state_shows_each_change_before_it() {
        let point = point(&[None, Some("a"), Some("b")]);
        assert_eq!(point.sign(0, Some("b")), Sign::Found);
        assert_eq!(point.sign(1, Some("b")), Sign::Found);
        assert_eq!(point.sign(0, Some("a")), Sign::Found);
        assert_eq!(point.sign(1, Some("a")), Sign::Missing);
        assert_eq!(point.sign(0, None), Sign::Missing);
        assert_eq!(point.sign(1, None), Sign::Missing);
    }

    #[test]
    fn a_value_of_no_state_contradicts_only_the_last_change() {
        let point = point(&[None, Some("a"), Some("b")]);
        assert_eq!(point.sign(0, Some("c")), Sign::Silent);
        assert_eq!(point.sign(1, Some("c")), Sign::Another);
    }

    #[test]
    fn an_object_that_is_dropped_again_says_nothing_if_it_is_absent() {
        let point = point(&[None, Some(""), None]);
        assert_eq!(point.sign(0, None), Sign::Silent);
        assert_eq!(point.sign(1, None), Sign::Silent);
        assert_eq!(point.sign(0, Some("")), Sign::Found);
        assert_eq!(point.sign(1, Some("")), Sign::Missing);
        assert_eq!(point.sign(7, Some("")), Sign::Silent);
    }
}
