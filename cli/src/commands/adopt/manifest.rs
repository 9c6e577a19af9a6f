//! Adds a service and the old history table to the manifest.

use migrator_model::{Code, Registry, nearest};

use crate::exit::Exit;
use crate::failure::Failure;

/// The tier for a new service: the named one, or else the first.
pub(super) fn tier(registry: &Registry, named: Option<&str>) -> Result<String, Failure> {
    let Some(named) = named else {
        let first = registry.tiers().next();
        return first.map(str::to_owned).ok_or_else(no_tier);
    };
    if registry.tiers().any(|tier| tier == named) {
        return Ok(named.to_owned());
    }
    let help = match nearest(named, registry.tiers()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let all: Vec<String> = registry.tiers().map(|tier| format!("`{tier}`")).collect();
            format!("the tiers are {}", all.join(", "))
        }
    };
    let message = format!("the manifest has no tier `{named}`");
    Err(Failure::new(Code::M0304, Exit::Usage, message, help))
}

fn no_tier() -> Failure {
    let message = "the manifest has no tiers";
    let help = "write `tiers = [\"Services\"]` into services.toml";
    Failure::new(Code::M0302, Exit::Refused, message, help)
}

/// The manifest with one more service.
pub(super) fn with_service(manifest: &str, service: &str, tier: &str) -> String {
    let end = match manifest.ends_with('\n') || manifest.is_empty() {
        true => "",
        false => "\n",
    };
    let (key, service, tier) = (key(service), quoted(service), quoted(tier));
    format!("{manifest}{end}\n[services.{key}]\ntier = {tier}\ndirectory = {service}\n")
}

/// A key of TOML.
pub(super) fn key(name: &str) -> String {
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// The patterns of the old history's objects, which `drift` leaves out, because no migration makes
/// them.
pub(super) fn patterns(schema: Option<&str>, table: &str, is_named: bool) -> Vec<String> {
    match schema {
        Some(schema) if !is_named => vec![format!("schema {schema}"), format!("{schema}.*")],
        Some(schema) => vec![format!("{schema}.{table}*")],
        None => vec![format!("*.{table}*")],
    }
}

/// The manifest with more patterns of what `drift` leaves out.
pub(super) fn with_patterns(manifest: &str, patterns: &[String]) -> String {
    if patterns.is_empty() {
        return manifest.to_owned();
    }
    let quoted: Vec<String> = patterns.iter().map(|pattern| quoted(pattern)).collect();
    let all = quoted.join(", ");
    let line = format!("leave_out = [{all}]\n");
    let (mut lines, mut is_in_drift, mut is_done) = (String::new(), false, false);
    for text in manifest.split_inclusive('\n') {
        let trimmed = text.trim();
        if trimmed.starts_with('[') {
            is_in_drift = trimmed.starts_with("[drift]");
        }
        match text.split_once('[') {
            Some((key, rest)) if is_in_drift && !is_done && is_leave_out(key) => {
                is_done = true;
                let comma = if rest.trim_start().starts_with(']') {
                    ""
                } else {
                    ", "
                };
                lines.extend([key, "[", &all, comma, rest]);
            }
            _ => lines.push_str(text),
        }
    }
    if is_done {
        return lines;
    }
    let end = match manifest.ends_with('\n') || manifest.is_empty() {
        true => "",
        false => "\n",
    };
    match manifest.split_once("[drift]\n") {
        Some((before, after)) => format!("{before}[drift]\n{line}{after}"),
        None => format!("{manifest}{end}\n[drift]\n{line}"),
    }
}

fn is_leave_out(key: &str) -> bool {
    let mut parts = key.split('=');
    parts.next().is_some_and(|name| name.trim() == "leave_out")
}

/// Whether a key with this character needs no quotes.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(format!("\\u{:04X}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{with_patterns, with_service};

    #[test]
    fn patterns_join_those_of_the_manifest() {
        let patterns = ["*.a*".to_owned()];
        for (old, new) in [
            ("x = 1", "x = 1\n\n[drift]\nleave_out = [\"*.a*\"]\n"),
            (
                "[drift]\n# none\n",
                "[drift]\nleave_out = [\"*.a*\"]\n# none\n",
            ),
            (
                "[drift]\nleave_out = []\n",
                "[drift]\nleave_out = [\"*.a*\"]\n",
            ),
            (
                "[drift]\nleave_out = [\n  \"b\",\n]\n[x]\n",
                "[drift]\nleave_out = [\"*.a*\", \n  \"b\",\n]\n[x]\n",
            ),
        ] {
            assert_eq!(with_patterns(old, &patterns), new);
            assert_eq!(with_patterns(old, &[]), old);
        }
    }

    #[test]
    fn a_service_is_a_new_table_at_the_end() {
        let manifest = with_service("tiers = [\"One\"]", "notes", "One");
        let expected = "tiers = [\"One\"]\n\n[services.notes]\ntier = \"One\"\n\
                        directory = \"notes\"\n";
        assert_eq!(manifest, expected);
    }

    #[test]
    fn names_are_quoted() {
        let manifest = with_service("", "a b", "\"\\\t");
        let expected = "\n[services.\"a b\"]\ntier = \"\\\"\\\\\\u0009\"\ndirectory = \"a b\"\n";
        assert_eq!(manifest, expected);
    }
}
