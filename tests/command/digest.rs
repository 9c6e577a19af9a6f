//! `digest`: the state of the migrations that the program has.

use std::path::Path;

use migrator_model::{disk, resolve};

use super::{document, folder};
use crate::assert_output;
use crate::support::migrator;

#[test]
fn the_digest_of_a_program_is_that_of_the_tree_it_was_built_from() {
    let folder = folder();
    let document = document(migrator(&["digest", "--output=json"]).current_dir(folder.path()));
    let tree = disk::read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("database"),
        "database",
    );
    let registry = resolve(&tree).registry;
    assert_eq!(document["digest"], registry.digest());
    assert_eq!(document["migrations"], registry.len());
}

#[test]
fn a_digest_needs_no_database() {
    assert_output!(&mut migrator(&[
        "digest",
        "--database-url=postgresql://a@b/c"
    ]));
}
