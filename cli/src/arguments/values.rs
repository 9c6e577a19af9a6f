//! Parses the values of options, and says what is wrong with an invalid value.

use std::num::{NonZeroU8, NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use migrator_model::{Code, Version, directive, nearest, service_name_fault};
use migrator_runtime::history::EventKind;
use migrator_runtime::{FailureLimit, Selection, Shard};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The error for a list that has `all` and another name.
pub(super) const ALL_ALONE: &str = "`all` is every service: name it alone";

/// `all`, or services by name.
pub(super) fn services(text: &str) -> Result<Selection, String> {
    let names: Vec<String> = text.split(',').map(service).collect::<Result<_, _>>()?;
    if names.iter().all(|name| name == "all") {
        return Ok(Selection::All);
    }
    match names.iter().any(|name| name == "all") {
        true => Err(ALL_ALONE.to_owned()),
        false => Ok(Selection::Named(names)),
    }
}

pub(super) fn one_service(text: &str) -> Result<String, String> {
    match service(text)? {
        name if name == "all" || name.contains(',') => Err("name one service".to_owned()),
        name => Ok(name),
    }
}

pub(super) fn service(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a service's name is empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// The kinds of events.
pub(super) fn kinds() -> impl TypedValueParser<Value = EventKind> {
    let kinds = EventKind::ALL.iter();
    let words = kinds.map(|kind| PossibleValue::new(kind.as_str()).help(kind.meaning()));
    let words = PossibleValuesParser::new(words);
    words.try_map(|word| EventKind::find(&word).ok_or("the kind is unknown"))
}

/// The hash of a plan.
pub(super) fn plan_hash(text: &str) -> Result<String, String> {
    let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_hash {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("the hash of a plan has 32 hexadecimal digits".to_owned()),
    }
}

/// The name of a person or of a system.
pub(super) fn person(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("the name is empty".to_owned()),
        name if name.chars().any(char::is_control) => {
            Err("the name has a control character".to_owned())
        }
        name => Ok(name.to_owned()),
    }
}

/// The name of a service that does not exist yet.
pub(super) fn new_service(text: &str) -> Result<String, String> {
    match service_name_fault(text) {
        Some(fault) => Err(fault),
        None => Ok(text.to_owned()),
    }
}

/// Names that cargo forbids for a program, keywords, Rust's libraries, and the crates that a new crate
/// depends on.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "migrator_analysis",
    "migrator_cli",
    "migrator_runtime",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The folder of a new crate. cargo refuses other names.
pub(super) fn new_crate(text: &str) -> Result<PathBuf, String> {
    let name = last_part(text).unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_plain)) {
        return Err("a crate's name is a letter, then letters, digits, `-` and `_`".to_owned());
    }
    match RESERVED.contains(&&*name.replace('-', "_")) {
        true => Err(format!(
            "a crate cannot be called `{name}`: the name is reserved"
        )),
        false => Ok(PathBuf::from(text)),
    }
}

/// The folder of a new tree. Scripts and texts name the folder without quotes.
pub(super) fn new_tree(text: &str) -> Result<PathBuf, String> {
    let name = last_part(text).unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain) {
        true => Ok(PathBuf::from(text)),
        false => Err("end the path with a name of letters, digits, `-`, `_` and `.`".to_owned()),
    }
}

fn last_part(path: &str) -> Option<&str> {
    Path::new(path).file_name()?.to_str()
}

pub(super) fn code(text: &str) -> Result<Code, String> {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    Code::find(text).ok_or_else(|| match nearest(&text.to_uppercase(), codes) {
        Some(code) => format!("there is no such code; did you mean {code}?"),
        None => "there is no such code; a code is M and four digits, such as M0104".to_owned(),
    })
}

/// The name of a commit for git. git would read a name that starts with `-` as an option.
pub(super) fn revision(text: &str) -> Result<String, String> {
    match text.is_empty() || text.starts_with('-') || text.contains(char::is_control) {
        true => Err("name a commit, such as origin/main".to_owned()),
        false => Ok(text.to_owned()),
    }
}

pub(super) fn steps(text: &str) -> Result<NonZeroUsize, String> {
    let help = "write a whole number, 1 or more";
    text.parse().map_err(|_| help.to_owned())
}

/// A variable that stands for a flag.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("write `true` or `false`".to_owned()),
    }
}

/// A schema's name that Postgres accepts unchanged: it would truncate a longer name.
pub(crate) fn schema(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a schema's name is not empty".to_owned()),
        _ if text.len() > 63 => Err("a schema's name has at most 63 bytes".to_owned()),
        _ if text.starts_with("pg_") => {
            Err("names that start with `pg_` are the server's".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    directive::parse_duration(text).ok_or_else(|| {
        let has_no_unit = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match has_no_unit {
            true => format!("the unit is missing: write {text}ms, {text}s, {text}min or {text}h"),
            false => "write a whole number and a unit, ms, s, min or h, such as 10s".to_owned(),
        }
    })
}

/// A time, or a time before now such as `90min` or `7d`, as the event log writes it: UTC, in RFC 3339 with
/// milliseconds.
pub(super) fn moment(text: &str) -> Result<String, String> {
    let help = || {
        "write a day such as 2026-11-30, a time such as 2026-11-30T08:00:00Z, or a time before now \
         such as 90min or 7d"
            .to_owned()
    };
    let ago = match text.strip_suffix('d') {
        Some(days) => days.parse::<u32>().ok().map(|days| DAY * days),
        None => directive::parse_duration(text),
    };
    let moment = match ago {
        Some(ago) => OffsetDateTime::now_utc().checked_sub(ago.try_into().map_err(|_| help())?),
        None => {
            let text = text.replace(' ', "T");
            // A time without a zone is of UTC.
            let missing = match text.len() {
                10 => "T00:00:00Z",
                16 => ":00Z",
                19 => "Z",
                _ => "",
            };
            OffsetDateTime::parse(&format!("{text}{missing}"), &Rfc3339).ok()
        }
    };
    let moment = moment.ok_or_else(help)?.to_offset(UtcOffset::UTC);
    let (day, time) = (moment.date(), moment.time());
    Ok(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        day.year(),
        u8::from(day.month()),
        day.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    ))
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    steps(text)
}

/// `3` or `1%`.
pub(super) fn failures(text: &str) -> Result<FailureLimit, String> {
    let help = || "write a number such as 3, or a percentage from 1% to 100%".to_owned();
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent = percent
                .parse()
                .ok()
                .filter(|number: &NonZeroU8| number.get() <= 100);
            percent.map(FailureLimit::Percent).ok_or_else(help)
        }
        None => text.parse().map(FailureLimit::Number).map_err(|_| help()),
    }
}

/// `20/s` or `90/min`, as the time between two starts.
pub(super) fn rate(text: &str) -> Result<Duration, String> {
    let help = || "write a number per second or per minute, such as 20/s or 90/min".to_owned();
    let (number, unit) = text.split_once('/').ok_or_else(help)?;
    let number: NonZeroU32 = number.parse().map_err(|_| help())?;
    let time = match unit {
        "s" => Duration::from_secs(1),
        "min" => Duration::from_secs(60),
        _ => return Err(help()),
    };
    Ok(time / number.get())
}

/// The number of a wave.
pub(super) fn wave(text: &str) -> Result<u32, String> {
    let help = "write a whole number, 0 or more";
    text.parse().map_err(|_| help.to_owned())
}

/// The number of shards.
pub(crate) fn shards(text: &str) -> Result<NonZeroU32, String> {
    let help = "write the number of shards, 1 or more";
    text.parse().map_err(|_| help.to_owned())
}

/// `3/16`.
pub(super) fn shard(text: &str) -> Result<Shard, String> {
    let help = || "write an index, a slash and the number of shards, such as 0/16".to_owned();
    let (index, count) = text.split_once('/').ok_or_else(help)?;
    let index = index.parse().map_err(|_| help())?;
    let count = shards(count)?;
    Shard::new(index, count).ok_or_else(|| shard_indices(count))
}

/// The indices that shards may have.
pub(crate) fn shard_indices(count: NonZeroU32) -> String {
    match count.get() {
        1 => "the only shard is 0/1".to_owned(),
        count => format!("the shards are 0/{count} to {}/{count}", count - 1),
    }
}

pub(super) fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|fault| fault.to_string())
}

pub(super) fn version_or_zero(text: &str) -> Result<Version, String> {
    match text {
        "0" => Ok(Version::from_integer(0)),
        _ => version(text),
    }
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_time_without_a_zone_is_of_utc() {
        for (text, expected) in [
            ("2026-11-30", "2026-11-30T00:00:00.000Z"),
            ("2026-11-30T08:05", "2026-11-30T08:05:00.000Z"),
            ("2026-11-30 08:05:06", "2026-11-30T08:05:06.000Z"),
            ("2026-11-30T08:05:06.7+02:00", "2026-11-30T06:05:06.700Z"),
        ] {
            assert_eq!(moment(text).as_deref(), Ok(expected));
        }
        let ago = |text: &str| moment(text).expect("it is a time");
        assert!(ago("7d") < ago("90min") && ago("90min") < ago("1s"));
        for wrong in ["", "yesterday", "d", "2026-13-01", "999999999d"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
