//! What `migrator --version` shows of the build: the commit and its day. The build script and the unit
//! tests share this file.

/// How many digits of a commit are shown.
const DIGITS: usize = 9;

const SECONDS_OF_A_DAY: u64 = 86_400;

/// The version, followed by the commit and the day that are known.
pub(crate) fn long_version(version: &str, commit: Option<&str>, day: Option<&str>) -> String {
    let commit = commit.and_then(|commit| commit.get(..DIGITS));
    let known: Vec<&str> = commit.into_iter().chain(day).collect();
    match known.is_empty() {
        true => version.to_owned(),
        false => format!("{version} ({})", known.join(" ")),
    }
}

/// The commit in the `.cargo_vcs_info.json` of a package. cargo writes that file, so a full JSON parser
/// is not needed.
pub(crate) fn packaged_commit(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("\"sha1\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start();
    let (commit, _) = value.strip_prefix('"')?.split_once('"')?;
    is_commit(commit).then_some(commit)
}

/// The time and the commit in a line of `git rev-list --timestamp`.
pub(crate) fn listed_commit(line: &str) -> Option<(u64, &str)> {
    let (time, commit) = line.trim().split_once(' ')?;
    is_commit(commit).then_some((time.parse().ok()?, commit))
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The day, in UTC, of a time in seconds since 1970.
pub(crate) fn day(seconds: u64) -> String {
    let mut days = seconds / SECONDS_OF_A_DAY;
    let mut year = 1970;
    // The calendar repeats after 400 years.
    year += days / 146_097 * 400;
    days %= 146_097;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let february = days_of_year(year) - 337;
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", days + 1)
}

fn days_of_year(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(is_leap)
}

#[cfg(test)]
mod tests {
    use super::{day, listed_commit, long_version, packaged_commit};

    const COMMIT: &str = "4bdb6811a0c4e5f60718293a4b5c6d7e8f901234";

    #[test]
    fn the_version_has_what_is_known_in_parentheses() {
        let shown = |commit, day| long_version("0.1.0", commit, day);
        let day = "2026-11-30";
        assert_eq!(
            shown(Some(COMMIT), Some(day)),
            "0.1.0 (4bdb6811a 2026-11-30)"
        );
        assert_eq!(shown(Some(COMMIT), None), "0.1.0 (4bdb6811a)");
        assert_eq!(shown(None, Some(day)), "0.1.0 (2026-11-30)");
        assert_eq!(shown(None, None), "0.1.0");
    }

    #[test]
    fn the_commit_of_a_package_is_read() {
        let clean = format!(
            "{{\n  \"git\": {{\n    \"sha1\": \"{COMMIT}\"\n  }},\n  \"path_in_vcs\": \"cli\"\n}}"
        );
        assert_eq!(packaged_commit(&clean), Some(COMMIT));
        let dirty = format!("{{\"git\":{{\"dirty\":true,\"sha1\":\"{COMMIT}\"}}}}");
        assert_eq!(packaged_commit(&dirty), Some(COMMIT));
        for without in [
            "",
            "{}",
            "{\"git\":{\"sha1\"",
            "{\"git\":{\"sha1\":null}}",
            "{\"git\":{\"sha1\":\"4bdb6811a\"}}",
            "{\"git\":{\"sha1\":\"ééééééééééééééééééééééééééééééééééééé\"}}",
        ] {
            assert_eq!(packaged_commit(without), None, "{without}");
        }
    }

    #[test]
    fn the_commit_that_git_lists_is_read() {
        let line = format!("1796052005 {COMMIT}\n");
        assert_eq!(listed_commit(&line), Some((1_796_052_005, COMMIT)));
        for without in [
            "",
            "1796052005",
            "1796052005 HEAD",
            &line.replace("17", "-"),
        ] {
            assert_eq!(listed_commit(without), None, "{without}");
        }
    }

    #[test]
    fn a_day_is_of_the_gregorian_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (1_796_052_005, "2026-11-30"),
            (1_798_761_599, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(day(seconds), expected, "{seconds}");
        }
        assert_eq!(day(u64::MAX), "584554051223-11-09");
    }
}
