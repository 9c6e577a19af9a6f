//! A digest of a tree. It proves that the macro embeds the same tree that `build.rs` checked.

use std::hash::Hasher;
use std::path::Path;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::tree::{Node, Tree};

/// The environment variable in which a build script passes the digest to the macro.
///
/// Each tree of each crate has its own variable. `base` is the folder of the crate's
/// Cargo.toml; `folder` is the tree's folder, relative to `base`. One variable would not
/// suffice: a crate may embed several trees. And a program that cargo runs inherits the
/// variable, and may build another crate.
#[must_use]
pub fn variable(base: &Path, folder: &str) -> String {
    let mut hasher = SipHasher13::new();
    write(&mut hasher, base.as_os_str().as_encoded_bytes());
    for part in folder.split('/').filter(|part| !matches!(*part, "" | ".")) {
        write(&mut hasher, part.as_bytes());
    }
    format!("MIGRATOR_TREE_DIGEST_{:016X}", hasher.finish())
}

/// Returns a 128-bit digest of all paths and contents, in hex.
#[must_use]
pub fn digest(tree: &Tree) -> String {
    let mut hasher = SipHasher13::new();
    for (path, node) in &tree.nodes {
        write(&mut hasher, path.as_bytes());
        match node {
            Node::File(bytes) => {
                hasher.write_u8(0);
                write(&mut hasher, bytes);
            }
            Node::Folder => hasher.write_u8(1),
            Node::DeadLink => hasher.write_u8(2),
            Node::Unreadable(_) => hasher.write_u8(3),
            Node::MisnamedBytes => hasher.write_u8(4),
            Node::OutsideLink => hasher.write_u8(5),
        }
    }
    format!("{:032x}", hasher.finish128().as_u128())
}

fn write(hasher: &mut SipHasher13, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{digest, variable};
    use crate::tree::Tree;

    #[test]
    fn a_digest_sees_names_and_contents() {
        let tree = |path: &str, text: &str| Tree::new("database").with_file(path, text);
        let one = digest(&tree("a", "b"));
        assert_eq!(one, digest(&tree("a", "b")));
        assert_ne!(one, digest(&tree("a", "c")));
        assert_ne!(one, digest(&tree("ab", "")));
    }

    #[test]
    fn each_tree_of_each_crate_has_a_variable_of_its_own() {
        let of = |base: &str, folder: &str| variable(Path::new(base), folder);
        let one = of("/a", "database");
        assert_eq!(one, of("/a", "./database/"));
        assert_ne!(one, of("/b", "database"));
        assert_ne!(one, of("/a", "data/base"));
    }
}
