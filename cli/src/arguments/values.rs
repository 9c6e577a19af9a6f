//! Parses the values of options, and says what is wrong with an invalid value.

use std::num::NonZeroUsize;
use std::time::Duration;

use migrator_model::{Code, Version, directive, nearest};
use migrator_runtime::Selection;

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

pub(super) fn code(text: &str) -> Result<Code, String> {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    Code::find(text).ok_or_else(|| match nearest(&text.to_uppercase(), codes) {
        Some(code) => format!("there is no such code; did you mean {code}?"),
        None => "a code is M and four digits, such as M0104".to_owned(),
    })
}

pub(super) fn steps(text: &str) -> Result<NonZeroUsize, String> {
    let help = "write a whole number, 1 or more";
    text.parse().map_err(|_| help.to_owned())
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

pub(crate) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    steps(text)
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
