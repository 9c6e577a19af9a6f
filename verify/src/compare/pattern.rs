//! Patterns of names, which `[drift]` in the manifest lists.

use crate::snapshot::object::{Kind, Object};

/// A name, such as `table public.jobs` or `public.jobs`, in which `*` stands for
/// any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern. Any text is valid.
    #[must_use]
    pub fn new(text: &str) -> Pattern {
        Pattern(text.trim().to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern matches an object, by its name or by its kind and name.
    #[must_use]
    pub fn matches(&self, object: &Object) -> bool {
        // `cron.*` matches everything in a schema, and the schema itself.
        let is_schema = object.kind == Kind::Schema;
        matches(&self.0, &object.name)
            || matches(&self.0, &object.to_string())
            || is_schema && matches(&self.0, &format!("{}.", object.name))
    }
}

/// Matches the text before the first `*` at the start, the text after the last `*` at the end, and
/// the other parts in order between them.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let Some(mut text) = text.strip_suffix(end) else {
        return false;
    };
    for part in middle.split('*') {
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text) in [
            ("public.jobs", "public.jobs"),
            ("public.*", "public.jobs"),
            ("*", ""),
            ("**", "anything"),
            ("*jobs", "public.jobs"),
            ("table *.jobs_p*", "table public.jobs_p2024"),
            ("a*b*c", "a-b-b-c"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("public.jobs", "public.jobs2"),
            ("public.*", "publics"),
            ("aba*aba", "aba"),
            ("a*b*c", "a-c"),
            ("", "x"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
