//! A migration's version: 14 digits that are a real UTC time.

use std::fmt;

/// A migration's version: `YYYYMMDDHHMMSS` as an integer, unique in its service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

/// Why a text is not a [`Version`]. `Display` prints the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFault(String);

impl Version {
    /// Reads 14 digits.
    ///
    /// # Errors
    ///
    /// The text is not 14 ASCII digits, or not a valid date and time. A leap second is not
    /// valid, because nobody knows future leap seconds.
    pub fn parse(text: &str) -> Result<Version, VersionFault> {
        if let Some(other) = text.chars().find(|c| !c.is_ascii_digit()) {
            return Err(VersionFault(format!("`{other}` is not a digit")));
        }
        let fault = match text.len() {
            14 => time_fault(text),
            1 => Some("it has 1 digit, not 14".to_owned()),
            length => Some(format!("it has {length} digits, not 14")),
        };
        match (fault, text.parse()) {
            (None, Ok(integer)) => Ok(Version(integer)),
            (Some(fault), _) => Err(VersionFault(fault)),
            (None, Err(error)) => Err(VersionFault(error.to_string())),
        }
    }

    /// Makes a version of an integer from a registry or a history, without a check.
    #[must_use]
    pub const fn from_integer(integer: i64) -> Version {
        Version(integer)
    }

    /// The version as the integer in the history.
    #[must_use]
    pub const fn as_integer(self) -> i64 {
        self.0
    }
}

fn time_fault(digits: &str) -> Option<String> {
    let number = |range| digits.get(range).and_then(|part: &str| part.parse().ok());
    let year: u32 = number(0..4)?;
    let month: u32 = number(4..6)?;
    let day: u32 = number(6..8)?;
    let (hour, minute, second): (u32, u32, u32) =
        (number(8..10)?, number(10..12)?, number(12..14)?);
    let days = days_in(year, month);
    if year == 0 {
        Some("there is no year 0000".to_owned())
    } else if days == 0 {
        Some(format!("there is no month {month:02}"))
    } else if day == 0 || day > days {
        Some(format!(
            "{year:04}-{month:02} has {days} days and no day {day:02}"
        ))
    } else if hour > 23 {
        Some(format!("there is no hour {hour:02}"))
    } else if minute > 59 {
        Some(format!("there is no minute {minute:02}"))
    } else if second > 59 {
        Some(format!("there is no second {second:02}"))
    } else {
        None
    }
}

/// The number of days in a month of the Gregorian calendar; 0 if there is no such month.
fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:014}", self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for VersionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for VersionFault {}

#[cfg(test)]
mod tests {
    use super::Version;

    fn fault(text: &str) -> String {
        Version::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn a_leap_day_is_a_valid_day() {
        let version = Version::parse("20240229235959").expect("2024 is a leap year");
        assert_eq!(version.as_integer(), 20_240_229_235_959);
        assert_eq!(version.to_string(), "20240229235959");
        assert!(Version::parse("20000229000000").is_ok());
    }

    #[test]
    fn each_fault_has_its_own_message() {
        assert_eq!(fault("2024"), "it has 4 digits, not 14");
        assert_eq!(fault("2024010112000x"), "`x` is not a digit");
        assert_eq!(fault("20230229000000"), "2023-02 has 28 days and no day 29");
        assert_eq!(fault("19000229000000"), "1900-02 has 28 days and no day 29");
        assert_eq!(fault("20241301000000"), "there is no month 13");
        assert_eq!(fault("20240100000000"), "2024-01 has 31 days and no day 00");
        assert_eq!(fault("20240101240000"), "there is no hour 24");
        assert_eq!(fault("20240101006000"), "there is no minute 60");
        assert_eq!(fault("20240101000060"), "there is no second 60");
        assert_eq!(fault("00000101000000"), "there is no year 0000");
        assert_eq!(fault("２０２４"), "`２` is not a digit");
    }
}
