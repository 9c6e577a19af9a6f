//! Quotes names and texts for SQL.

pub(crate) use migrator_model::sql::quote_identifier;

/// Quotes a text for SQL, whatever the value of `standard_conforming_strings`: as a
/// dollar-quoted string whose tag does not occur in the text.
pub(crate) fn quote_literal(text: &str) -> String {
    let tag = tag(text);
    format!("{tag}{text}{tag}")
}

/// The tag that [`quote_literal`] puts before and after a text.
pub(super) fn tag(text: &str) -> String {
    let runs = text.split('$').skip(1);
    let longest = runs.map(|rest| rest.len() - rest.trim_start_matches('m').len());
    format!("${}$", "m".repeat(longest.max().unwrap_or(0) + 1))
}

#[cfg(test)]
mod tests {
    use super::quote_literal;

    #[test]
    fn a_tag_never_occurs_in_the_quoted_text() {
        assert_eq!(quote_literal("it's"), "$m$it's$m$");
        assert_eq!(quote_literal("a $m$ b"), "$mm$a $m$ b$mm$");
        assert_eq!(quote_literal("ends in $m"), "$mm$ends in $m$mm$");
        assert_eq!(quote_literal("ends in $"), "$m$ends in $$m$");
    }
}
