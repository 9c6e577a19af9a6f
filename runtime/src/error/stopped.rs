//! The steps that a stop of the run has interrupted.

use std::fmt;

use migrator_model::MigrationId;

use super::fault::Left;

/// The steps that a stop has interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// The interrupted steps: at most one of each connection.
    pub interrupted: Vec<InterruptedStep>,
}

/// A step that a stop has interrupted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterruptedStep {
    /// The migration.
    pub step: MigrationId,
    /// What is left of the step in the database.
    pub left: Left,
}

impl Stopped {
    /// The worst state that an interrupted step has left.
    #[must_use]
    pub fn left(&self) -> Left {
        let rank = |left: &Left| match left {
            Left::Nothing | Left::Done => 0,
            Left::Unrecorded { .. } => 1,
            Left::Resumable => 2,
            Left::Dirty => 3,
            Left::Unknown => 4,
        };
        let worst = self
            .interrupted
            .iter()
            .map(|step| step.left)
            .max_by_key(rank);
        worst.filter(|left| rank(left) > 0).unwrap_or(Left::Nothing)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_whole = |step: &&InterruptedStep| matches!(step.left, Left::Unrecorded { .. });
        let (whole, partial): (Vec<&InterruptedStep>, Vec<&InterruptedStep>) =
            self.interrupted.iter().partition(is_whole);
        let names = |steps: &[&InterruptedStep]| {
            let names = steps.iter().map(|step| format!("`{}`", step.step));
            names.collect::<Vec<_>>().join(", ")
        };
        f.write_str("the run was stopped")?;
        if !partial.is_empty() {
            write!(f, " in the middle of {}", names(&partial))?;
        }
        match (whole.is_empty(), partial.is_empty()) {
            (true, _) => Ok(()),
            (false, true) => write!(f, " before it had recorded {}", names(&whole)),
            (false, false) => write!(f, ", and before it had recorded {}", names(&whole)),
        }
    }
}
