//! Which signal the process has received first.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::exit::Exit;

/// The exit code for the first signal, or 0 if there was none. It is global because signals are
/// sent to the process.
static CAUGHT: AtomicU8 = AtomicU8::new(0);

/// Whether the note about the signal is being printed.
static IS_TELLING: Mutex<bool> = Mutex::new(false);
static TOLD: Condvar = Condvar::new();

/// How long the end of a command waits for the note about the signal. Standard error may be blocked.
const PATIENCE: Duration = Duration::from_secs(1);

/// The note about the signal is being printed until this is dropped.
pub(crate) struct Telling(());

impl Telling {
    pub(crate) fn begin() -> Telling {
        *IS_TELLING.lock().unwrap_or_else(PoisonError::into_inner) = true;
        Telling(())
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        *IS_TELLING.lock().unwrap_or_else(PoisonError::into_inner) = false;
        TOLD.notify_all();
    }
}

/// Waits until the note about a signal is printed, so that it stands before the result.
pub(crate) fn wait_until_told() {
    let is_telling = IS_TELLING.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = TOLD.wait_timeout_while(is_telling, PATIENCE, |is_telling| *is_telling);
}

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
