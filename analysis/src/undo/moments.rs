//! The state before the up script, after it, and after the down script.

use crate::names::Name;
use crate::objects::{Object, Space};
use crate::state::table::{Column, Constraint, Table};
use crate::state::{Earlier, Entry, Journal, State};

/// A moment in the life of a migration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before the up script.
    BeforeUp,
    /// After the up script.
    AfterUp,
    /// After the down script.
    AfterDown,
}

/// The state at each moment. Keys have their schema.
pub(super) struct Moments<'s, 'a> {
    /// After the down script.
    pub(super) state: &'s State<'a>,
    pub(super) up: Journal<'a>,
    pub(super) down: &'s Journal<'a>,
}

impl<'s, 'a> Moments<'s, 'a> {
    pub(super) fn entry(&'s self, moment: Moment, key: &Object) -> Option<&'s Entry<'a>> {
        let after = || self.state.at(key);
        let before = |journal: &'s Journal<'a>| match journal.before(key) {
            Earlier::Entry(entry) => Some(Some(entry)),
            Earlier::Absent => Some(None),
            Earlier::Unchanged => None,
        };
        let between = || before(self.down).unwrap_or_else(after);
        match moment {
            Moment::AfterDown => after(),
            Moment::AfterUp => between(),
            Moment::BeforeUp => before(&self.up).unwrap_or_else(between),
        }
    }

    pub(super) fn table(&'s self, moment: Moment, name: &Name) -> Option<&'s Table<'a>> {
        self.entry(moment, &Object::relation(name.clone()))?
            .table
            .as_ref()
    }

    pub(super) fn column(&'s self, moment: Moment, key: &Object) -> Option<&'s Column<'a>> {
        let table = self.table(moment, key.of.as_ref()?)?;
        table.columns.get(&key.name.name)
    }

    fn constraint(&'s self, moment: Moment, key: &Object) -> Option<&'s Constraint<'a>> {
        let table = self.table(moment, key.of.as_ref()?)?;
        table.constraints.get(&key.name.name)
    }

    /// Whether an object certainly exists.
    pub(super) fn is_there(&'s self, moment: Moment, key: &Object) -> bool {
        match key.space {
            Space::Column => self.column(moment, key).is_some(),
            Space::Constraint => self.constraint(moment, key).is_some(),
            _ => self.entry(moment, key).is_some(),
        }
    }

    /// The definition of an object, if no later statement alters the object.
    pub(super) fn text(&'s self, moment: Moment, key: &Object) -> Option<&'s str> {
        match key.space {
            Space::Column => None,
            Space::Constraint => Some(&self.constraint(moment, key)?.text),
            _ => self.entry(moment, key)?.text.as_deref(),
        }
    }
}
