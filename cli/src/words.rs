//! How numbers and times read in a sentence.

use std::borrow::Cow;
use std::time::Duration;

/// `1 migration`, `2 migrations`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
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

/// A recorded time of UTC, to the second: `2026-11-30 11:47:06 UTC`. A text that is no time stays.
pub(crate) fn moment(text: &str) -> Cow<'_, str> {
    let parts = text.strip_suffix('Z').and_then(|text| text.split_once('T'));
    match parts.and_then(|(day, time)| Some((day, time.get(..8)?))) {
        Some((day, time)) => format!("{day} {time} UTC").into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{listed, moment};

    #[test]
    fn the_last_two_names_have_an_and_between_them() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a"]), "a");
        assert_eq!(listed(["a", "b"]), "a and b");
        assert_eq!(listed(["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn a_moment_is_shown_to_the_second() {
        assert_eq!(
            moment("2026-11-30T11:47:06.555349Z"),
            "2026-11-30 11:47:06 UTC"
        );
        assert_eq!(moment("now"), "now");
    }
}
