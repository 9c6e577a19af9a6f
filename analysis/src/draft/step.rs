//! The part of a down script that reverts one statement or action of the up script.

use crate::template::PLACEHOLDER;

/// How a down script reverts one statement or action of the up script.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// It runs this statement.
    Undo(Undo),
    /// The author decides whether it runs this statement.
    Perhaps { undo: Undo, when: &'static str },
    /// The author writes it.
    Gap { why: &'static str },
}

/// A statement that reverts another.
#[derive(Clone, Debug)]
pub(super) struct Undo {
    /// The words before the place of IF EXISTS.
    head: String,
    tail: String,
    /// Whether the statement can have IF EXISTS.
    is_guardable: bool,
}

impl Undo {
    /// A statement that cannot have IF EXISTS.
    pub(super) fn plain(text: impl Into<String>) -> Undo {
        Undo {
            head: text.into(),
            tail: String::new(),
            is_guardable: false,
        }
    }

    /// A statement that can have IF EXISTS between two parts.
    pub(super) fn guardable(head: impl Into<String>, tail: impl Into<String>) -> Undo {
        Undo {
            head: head.into(),
            tail: tail.into(),
            is_guardable: true,
        }
    }

    /// Whether it cannot run in a transaction.
    pub(super) fn is_concurrent(&self) -> bool {
        format!("{} {}", self.head, self.tail).contains(" CONCURRENTLY")
    }

    /// The statement. In a script without a transaction it has IF EXISTS, because it may run again.
    pub(super) fn text(&self, mode: Guards) -> String {
        let guard = match mode {
            Guards::Present if self.is_guardable => " IF EXISTS",
            Guards::Present | Guards::Absent => "",
        };
        let between = if self.tail.is_empty() { "" } else { " " };
        format!("{}{guard}{between}{};", self.head, self.tail)
    }
}

/// Whether statements have IF EXISTS.
#[derive(Clone, Copy)]
pub(super) enum Guards {
    Present,
    Absent,
}

/// The line of a draft that its author replaces.
pub(super) fn line(what: &str) -> String {
    format!("{PLACEHOLDER} {what}")
}
