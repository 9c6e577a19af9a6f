//! Waits for another process.

use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start, with recovery after a crash, or to stop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Calls a function repeatedly, until it returns a value or [`PATIENCE`] ends.
pub(crate) fn until<T>(mut answer: impl FnMut() -> Option<T>) -> Option<T> {
    const PAUSE: Duration = Duration::from_millis(2);
    let began = Instant::now();
    loop {
        if let Some(found) = answer() {
            return Some(found);
        }
        if began.elapsed() > PATIENCE {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
