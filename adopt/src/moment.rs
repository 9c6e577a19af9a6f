//! The versions of other tools, as times.

use migrator_model::Version;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// The version of another tool's migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A time.
    Time(Version),
    /// A number that is not a time, such as `7`, or the migration's position.
    Number(u64),
}

/// The earliest and the latest Unix time that a version is taken for: from the year 2001 to 2100.
const SECONDS: std::ops::Range<u64> = 978_307_200..4_102_444_800;

impl Moment {
    /// Reads the digits of a version. They may be
    /// - `YYYYMMDDHHMMSS`, with or without milliseconds behind it,
    /// - `YYYYMMDD`,
    /// - a Unix time in seconds or milliseconds,
    /// - any other number.
    ///
    /// `None` if `digits` is not a number of at most 19 digits.
    #[must_use]
    pub fn of_digits(digits: &str) -> Option<Moment> {
        let number: u64 = digits.parse().ok()?;
        let time = match digits.len() {
            14 | 17 => Version::parse(&digits[..14]).ok(),
            8 => Version::parse(&format!("{digits}000000")).ok(),
            10 if SECONDS.contains(&number) => of_unix(number),
            13 if SECONDS.contains(&(number / 1000)) => of_unix(number / 1000),
            _ => None,
        };
        Some(time.map_or(Moment::Number(number), Moment::Time))
    }

    /// The Unix time in seconds. `None` if the version is a number.
    pub(crate) fn unix_seconds(self) -> Option<u64> {
        let Moment::Time(version) = self else {
            return None;
        };
        let seconds = moment_of(version)?.assume_utc().unix_timestamp();
        u64::try_from(seconds).ok()
    }

    /// The version that the migration gets, if no other migration has it.
    ///
    /// Number N becomes the Nth second of the year 2000. So all numbers come before the times.
    pub(crate) fn version(self) -> Version {
        match self {
            Moment::Time(version) => version,
            // The year has 31 million seconds.
            Moment::Number(number) => of_unix(946_684_800 + number % 31_000_000)
                .unwrap_or(Version::from_integer(20_000_101_000_000)),
        }
    }
}

/// The version of a Unix time in seconds.
fn of_unix(seconds: u64) -> Option<Version> {
    let seconds = i64::try_from(seconds).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .map(version_of)
}

/// The version one second later. `None` after the year 9999, or if the version is no time.
#[must_use]
pub fn next_second(version: Version) -> Option<Version> {
    let moment = moment_of(version)?.checked_add(Duration::SECOND)?;
    Some(version_of(moment.assume_utc()))
}

/// The version of a time, in seconds.
#[must_use]
pub fn version_of(moment: OffsetDateTime) -> Version {
    let digits = [
        i64::from(moment.year()),
        i64::from(u8::from(moment.month())),
        i64::from(moment.day()),
        i64::from(moment.hour()),
        i64::from(moment.minute()),
        i64::from(moment.second()),
    ];
    Version::from_integer(digits.iter().fold(0, |all, part| all * 100 + part))
}

fn moment_of(version: Version) -> Option<PrimitiveDateTime> {
    let integer = version.as_integer();
    let part = |divisor: i64| u8::try_from(integer / divisor % 100).ok();
    let month = Month::try_from(part(100_000_000)?).ok()?;
    let year = i32::try_from(integer / 10_000_000_000).ok()?;
    let date = Date::from_calendar_date(year, month, part(1_000_000)?).ok()?;
    let time = Time::from_hms(part(10_000)?, part(100)?, part(1)?).ok()?;
    Some(PrimitiveDateTime::new(date, time))
}

#[cfg(test)]
mod tests {
    use super::{Moment, next_second};

    fn version(digits: &str) -> String {
        Moment::of_digits(digits).unwrap().version().to_string()
    }

    #[test]
    fn times_keep_their_digits() {
        assert_eq!(version("20240101120000"), "20240101120000");
        assert_eq!(version("20240101120000123"), "20240101120000");
        assert_eq!(version("20240101"), "20240101000000");
    }

    #[test]
    fn unix_times_become_dates() {
        assert_eq!(version("1492765020"), "20170421085700");
        assert_eq!(version("1492765020347"), "20170421085700");
    }

    #[test]
    fn numbers_become_seconds_of_the_year_2000() {
        assert_eq!(version("000001"), "20000101000001");
        assert_eq!(version("3600"), "20000101010000");
        assert_eq!(version("20241399120000").len(), 14);
    }

    #[test]
    fn only_digits_are_a_version() {
        assert_eq!(Moment::of_digits("1a"), None);
        assert_eq!(Moment::of_digits(""), None);
        assert_eq!(Moment::of_digits("99999999999999999999"), None);
    }

    #[test]
    fn the_next_second_may_be_in_the_next_year() {
        let last = migrator_model::Version::parse("20241231235959").unwrap();
        assert_eq!(next_second(last).unwrap().to_string(), "20250101000000");
    }
}
