//! A digest of a tree: what `build.rs` checked and the macro embeds must be one.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::tree::{Node, Tree};

/// The environment variable through which a build script hands the digest on.
pub const VARIABLE: &str = "MIGRATOR_TREE_DIGEST";

/// A 128-bit digest of all paths and contents, in hex.
#[must_use]
pub fn digest(tree: &Tree) -> String {
    let mut hasher = SipHasher13::new();
    for (path, node) in &tree.nodes {
        write(&mut hasher, path.as_bytes());
        match node {
            Node::File(bytes) => write(&mut hasher, bytes),
            Node::Folder => hasher.write_u8(1),
            Node::DeadLink => hasher.write_u8(2),
            Node::Unreadable(_) => hasher.write_u8(3),
            Node::MisnamedBytes => hasher.write_u8(4),
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
    use super::digest;
    use crate::tree::Tree;

    #[test]
    fn a_digest_sees_names_and_contents() {
        let tree = |path: &str, text: &str| Tree::new("database").with_file(path, text);
        let one = digest(&tree("a", "b"));
        assert_eq!(one, digest(&tree("a", "b")));
        assert_ne!(one, digest(&tree("a", "c")));
        assert_ne!(one, digest(&tree("ab", "")));
    }
}
