//! Which signal the process has received first.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::exit::Exit;

/// The exit code for the first signal, or 0 if there was none. It is global because signals are
/// sent to the process.
static CAUGHT: AtomicU8 = AtomicU8::new(0);

/// Keeps the first signal.
pub(crate) fn keep(signal: Exit) {
    CAUGHT.store(signal.code(), Ordering::Relaxed);
}

/// The exit code of a command that a signal has stopped.
pub(crate) fn exit() -> Exit {
    caught().unwrap_or(Exit::Interrupted)
}

/// The exit code for the signal, if the process has received one.
pub(crate) fn caught() -> Option<Exit> {
    let caught = CAUGHT.load(Ordering::Relaxed);
    let signals = [Exit::HungUp, Exit::Interrupted, Exit::Terminated];
    signals.into_iter().find(|exit| exit.code() == caught)
}
