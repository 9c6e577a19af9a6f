//! The parts of a line of progress: times, a bar, and texts that fit.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `12 s`, `3 min 20 s`, `2 h 5 min`: whole seconds, because the text changes each second.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A bar of this many characters between brackets. ASCII, so that each terminal shows it.
pub(super) fn bar(done: usize, total: usize, width: usize) -> String {
    let filled = (width * done.min(total)).checked_div(total).unwrap_or(0);
    let head = match filled < width {
        true => ">",
        false => "",
    };
    let rest = " ".repeat(width - filled - head.len());
    format!("[{}{head}{rest}]", "=".repeat(filled))
}

/// The text, cut to this many columns.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut columns = 0;
    let fits = |character: &char| {
        columns += character.width().unwrap_or(0);
        columns < width
    };
    let mut start: String = text.chars().take_while(fits).collect();
    if width > 0 {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bar, clock, shorten};

    #[test]
    fn a_time_is_shown_in_its_two_largest_units() {
        let shown = |seconds| clock(Duration::from_secs(seconds));
        assert_eq!(shown(59), "59 s");
        assert_eq!(shown(200), "3 min 20 s");
        assert_eq!(shown(7_500), "2 h 5 min");
    }

    #[test]
    fn a_bar_keeps_its_width() {
        assert_eq!(bar(0, 3, 6), "[>     ]");
        assert_eq!(bar(1, 3, 6), "[==>   ]");
        assert_eq!(bar(3, 3, 6), "[======]");
        assert_eq!(bar(9, 3, 6), "[======]");
        assert_eq!(bar(0, 0, 2), "[> ]");
    }

    #[test]
    fn a_text_is_cut_by_the_width_of_its_characters() {
        assert_eq!(shorten("tenant", 6), "tenant");
        assert_eq!(shorten("tenants", 6), "tenan…");
        assert_eq!(shorten("表表表", 5), "表表…");
        assert_eq!(shorten("表表表", 4), "表…");
        assert_eq!(shorten("a", 0), "");
    }
}
