//! The parts of a line of progress: times, a bar, and texts that fit.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::charset::Charset;

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

/// The text in the characters of the terminal, cut to this many columns.
pub(super) fn shorten(text: &str, width: usize, charset: Charset) -> String {
    let text = charset.shown(text);
    if text.width() <= width {
        return text.into_owned();
    }
    let end = charset.shown("…");
    let room = width.saturating_sub(end.width());
    let mut columns = 0;
    let fits = |character: &char| {
        columns += character.width().unwrap_or(0);
        columns <= room
    };
    let mut start: String = text.chars().take_while(fits).collect();
    if end.width() <= width {
        start.push_str(&end);
    }
    start
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bar, clock, shorten};
    use crate::charset::Charset;

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
        let cut = |text, width| shorten(text, width, Charset::Unicode);
        assert_eq!(cut("tenant", 6), "tenant");
        assert_eq!(cut("tenants", 6), "tenan…");
        assert_eq!(cut("表表表", 5), "表表…");
        assert_eq!(cut("表表表", 4), "表…");
        assert_eq!(cut("a", 0), "");
    }

    #[test]
    fn an_ascii_text_is_cut_with_three_dots() {
        let cut = |text, width| shorten(text, width, Charset::Ascii);
        assert_eq!(cut("tenants", 7), "tenants");
        assert_eq!(cut("tenants", 6), "ten...");
        assert_eq!(cut("née", 8), "n\\u{e9}e");
        assert_eq!(cut("tenants", 2), "");
    }
}
