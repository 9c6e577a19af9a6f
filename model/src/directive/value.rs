//! Reads the text of a directive: its prefix, a reference, a time.

use std::time::Duration;

use crate::id::MigrationRef;
use crate::version::Version;

/// The longest timeout that Postgres accepts, in milliseconds (`guc_tables.c`: `INT_MAX`).
const MOST_MILLISECONDS: u64 = i32::MAX as u64;

/// The word at the start of a directive, before a colon. Its case does not matter.
pub(super) const PREFIX: &str = "migrator";

/// The text after `migrator:` in a line of a comment. Case and spaces do not matter.
pub(super) fn after_prefix(line: &str) -> Option<&str> {
    let body = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | '*'));
    let (word, rest) = body.split_at_checked(PREFIX.len())?;
    word.eq_ignore_ascii_case(PREFIX)
        .then(|| rest.trim_start().strip_prefix(':'))?
}

pub(super) fn parse_reference(text: &str) -> Result<MigrationRef, String> {
    let (service, version) = text
        .split_once('/')
        .ok_or_else(|| "`/` is missing".to_owned())?;
    if service.is_empty() {
        return Err("the service before the `/` is missing".to_owned());
    }
    if version.is_empty() {
        return Err("the version after the `/` is missing".to_owned());
    }
    let version = Version::parse(version)
        .map_err(|fault| format!("`{version}` is not a version: {fault}"))?;
    Ok(MigrationRef {
        service: service.to_owned().into(),
        version,
    })
}

/// Reads `10s`, `500ms`, `5min` or `5m`, `1h` or `0`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "min" | "m" => 60_000,
        "h" => 3_600_000,
        "" if number == 0 => 1,
        _ => return None,
    };
    let milliseconds = number.checked_mul(factor)?;
    (milliseconds <= MOST_MILLISECONDS).then(|| Duration::from_millis(milliseconds))
}
