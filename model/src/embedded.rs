//! Constant constructors for the code that `embed_migrations!` generates.
//!
//! Only generated code calls them.

pub use crate::registry::Registry;

use crate::registry::{LAYOUT, MAGIC};

/// Makes a registry of a table and a text in the program.
///
/// # Panics
///
/// The layout of the table is not the one of this crate. rustc evaluates this function, because
/// the registry is a static: the program does not compile.
#[must_use]
pub const fn registry(table: &'static [u8], text: &'static str) -> Registry {
    let layout = match table.split_first_chunk() {
        Some((&MAGIC, rest)) => rest.first_chunk(),
        Some(_) | None => None,
    };
    assert!(
        layout.is_some(),
        "this is no registry: run `cargo clean` and build again"
    );
    let is_ours = matches!(layout, Some(&layout) if u32::from_le_bytes(layout) == LAYOUT);
    assert!(
        is_ours,
        "the registry was written by another version of `migrator-model` than the one that reads \
         it: use one version of all migrator crates, also in [build-dependencies]"
    );
    Registry::from_parts(table, text)
}

/// Makes the registry for code that does not compile.
#[must_use]
pub const fn nothing() -> Registry {
    Registry::from_parts(&[], "")
}
