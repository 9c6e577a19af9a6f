//! The version and the uid of a new migration.

use std::collections::BTreeSet;

use migrator_model::{Registry, Version};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// The current time as a version. If the service already has a later version, a second after that.
pub(crate) fn version(registry: &Registry, service: &str) -> Version {
    let newest = registry.migrations_of(service).map(|m| m.version).max();
    let mut moment = OffsetDateTime::now_utc();
    if let Some(after) = newest
        .and_then(moment_of)
        .map(|newest| newest + Duration::SECOND)
    {
        moment = moment.max(after);
    }
    let digits = [
        i64::from(moment.year()),
        i64::from(u8::from(moment.month())),
        i64::from(moment.day()),
        i64::from(moment.hour()),
        i64::from(moment.minute()),
        i64::from(moment.second()),
    ];
    Version::from_integer(
        digits
            .into_iter()
            .fold(0, |integer, part| integer * 100 + part),
    )
}

fn moment_of(version: Version) -> Option<OffsetDateTime> {
    let mut rest = version.as_integer();
    let mut part = || {
        let part = u8::try_from(rest % 100).ok();
        rest /= 100;
        part
    };
    let (second, minute, hour, day, month) = (part()?, part()?, part()?, part()?, part()?);
    let month = time::Month::try_from(month).ok()?;
    let date = time::Date::from_calendar_date(i32::try_from(rest).ok()?, month, day).ok()?;
    Some(date.with_hms(hour, minute, second).ok()?.assume_utc())
}

/// The first 8 hex digits of a random UUID. No migration of the tree has the same.
pub(crate) fn uid(registry: &Registry) -> String {
    let taken: BTreeSet<&str> = registry.migrations().map(|m| m.uid).collect();
    loop {
        let mut uid = Uuid::new_v4().simple().to_string();
        uid.truncate(8);
        if !taken.contains(uid.as_str()) {
            return uid;
        }
    }
}

#[cfg(test)]
mod tests {
    use migrator_model::Version;

    use super::moment_of;

    #[test]
    fn a_version_is_a_time() {
        let version = Version::parse("20241231235959").expect("it is a time");
        let moment = moment_of(version).expect("it is a time") + time::Duration::SECOND;
        assert_eq!(moment.year(), 2025);
    }
}
