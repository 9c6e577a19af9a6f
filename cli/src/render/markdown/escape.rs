//! Text of others in Markdown, so that GitHub and GitLab show it as it is.

use std::fmt::Write as _;

use migrator_model::untrusted::one_line;

/// A name or a path as code.
pub(super) fn code(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._-/:,()".contains(c);
    match !text.is_empty() && text.trim() == text && text.chars().all(is_plain) {
        true => format!("`{text}`"),
        // A code span cannot have entities, and a table ends its cell at a bar, even within code.
        false => format!("<code>{}</code>", plain(text)),
    }
}

/// A sentence, whose parts in back-ticks are code.
pub(super) fn sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let parts = parts.iter().enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => plain(part),
        _ => code(part),
    });
    parts.collect()
}

/// Text in which no character has a meaning.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c.is_alphanumeric() || " .,;:-/()'\"=+?%…".contains(c) {
            true => escaped.push(c),
            // Writing to a string cannot fail.
            false => _ = write!(escaped, "&#{};", u32::from(c)),
        }
    }
    // GitHub links the address after `www.` and `https://`.
    escaped
        .replace("://", "&#58;//")
        .replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::{code, sentence};

    #[test]
    fn what_markdown_would_obey_is_escaped() {
        assert_eq!(code("tenant.tenants"), "`tenant.tenants`");
        assert_eq!(code("a|b`c"), "<code>a&#124;b&#96;c</code>");
        assert_eq!(code("<b>\n@x"), "<code>&#60;b&#62;&#92;n&#64;x</code>");
        assert_eq!(
            sentence("`a` and *b* of `c|d`"),
            "`a` and &#42;b&#42; of <code>c&#124;d</code>"
        );
        assert_eq!(sentence("one ` alone"), "one &#96; alone");
        assert_eq!(sentence("see https://x"), "see https&#58;//x");
    }
}
