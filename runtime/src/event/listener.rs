//! The functions that receive the events of a run.

#[cfg(feature = "tracing")]
use std::sync::MutexGuard;
use std::sync::{Arc, Mutex, PoisonError};

use super::Event;
#[cfg(feature = "tracing")]
use super::trace::Trace;

/// The functions that receive the events.
#[derive(Clone, Default)]
pub(crate) struct Listener {
    in_order: Option<Receiver>,
    at_once: Option<Receiver>,
    #[cfg(feature = "tracing")]
    trace: Arc<Mutex<Trace>>,
}

type Receiver = Arc<Mutex<dyn FnMut(&Event<'_>) + Send>>;

impl Listener {
    /// Adds the function that receives the events of steps in the order of the plan.
    pub(crate) fn in_order(self, receiver: impl FnMut(&Event<'_>) + Send + 'static) -> Listener {
        Listener {
            in_order: Some(Arc::new(Mutex::new(receiver))),
            ..self
        }
    }

    /// Adds the function that receives the events of steps when they happen.
    pub(crate) fn at_once(self, receiver: impl FnMut(&Event<'_>) + Send + 'static) -> Listener {
        Listener {
            at_once: Some(Arc::new(Mutex::new(receiver))),
            ..self
        }
    }

    /// Sends an event of the whole run to both functions.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.tell_in_order(event);
        self.tell_at_once(event);
    }

    /// Sends an event of a step whose turn has come.
    pub(crate) fn tell_in_order(&self, event: &Event<'_>) {
        #[cfg(feature = "tracing")]
        if let Event::Notice(_) | Event::NoticesOmitted(_) = event {
            self.trace().event(event);
        }
        send(self.in_order.as_ref(), event);
    }

    /// Sends an event of a step when it happens.
    pub(crate) fn tell_at_once(&self, event: &Event<'_>) {
        #[cfg(feature = "tracing")]
        self.trace().event(event);
        send(self.at_once.as_ref(), event);
    }

    /// The open spans of the run.
    #[cfg(feature = "tracing")]
    pub(crate) fn trace(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(receiver: Option<&Receiver>, event: &Event<'_>) {
    if let Some(receiver) = receiver {
        let mut receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        (*receiver)(event);
    }
}
