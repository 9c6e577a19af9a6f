//! Waiting for what another process does.

use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start or to stop; recovery after a crash is part of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again, until there is an answer or [`PATIENCE`] ends.
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
