//! What a fleet reports about itself, beside the results of its databases.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A phase of a fleet begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// All databases before this wave, or all canaries, have ended. The databases of this wave wait
    /// for this time before they start.
    Settling {
        /// The wave that waits.
        wave: u32,
        /// How long it waits.
        time: Duration,
    },
    /// The first database of this wave starts.
    Wave(u32),
}

/// Receives the phases of a fleet.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<Mutex<Function>>>);

type Function = dyn FnMut(Phase) + Send;

impl Listener {
    pub(super) fn new(listener: impl FnMut(Phase) + Send + 'static) -> Listener {
        Listener(Some(Arc::new(Mutex::new(listener))))
    }

    pub(super) fn tell(&self, phase: Phase) {
        if let Some(listener) = &self.0 {
            let mut listener = listener.lock().unwrap_or_else(PoisonError::into_inner);
            listener(phase);
        }
    }
}
