//! How numbers and times read in a sentence.

use std::time::Duration;

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}

/// `12 ms`, `3.4 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_millis() {
        0 => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        milliseconds @ 1..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
