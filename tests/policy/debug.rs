//! No code decides by the `Debug` text of a value.
//!
//! Clippy's `use_debug` checks what is printed, but not what `format!` builds.

use crate::source::of_crate;

/// The crates that match variants of another crate, whose names may change.
const CHECKED: &[&str] = &["analysis"];

#[test]
fn no_code_but_tests_formats_with_debug() {
    let files = CHECKED.iter().flat_map(|name| of_crate(name));
    let found = files.filter(|file| {
        let code = file.text.split("#[cfg(test)]\nmod tests {").next();
        code.is_some_and(|code| [":?}", ":#?}", "dbg!"].iter().any(|one| code.contains(one)))
    });
    let found: Vec<String> = found.map(|file| file.path).collect();
    assert!(
        found.is_empty(),
        "these files format with `Debug`: {}",
        found.join(", ")
    );
}
