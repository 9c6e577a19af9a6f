//! A tree as data: what lies in the folder, before anything is made of it.

use std::collections::BTreeMap;

/// What was found under the tree's folder, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The tree's folder, as diagnostics name it, such as `database`.
    pub root: String,
    /// Everything below the root; the keys are relative to it, with `/` between their parts.
    /// Where the root itself is no folder, it stands here under the empty key.
    pub nodes: BTreeMap<String, Node>,
}

/// One file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A file, with its bytes.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// A symbolic link whose target does not exist.
    DeadLink,
    /// A symbolic link whose target is not below the tree's folder.
    OutsideLink,
    /// Something that could not be read, and why.
    Unreadable(String),
    /// Something whose name is not UTF-8; the key shows it with replacement characters.
    MisnamedBytes,
}

impl Tree {
    /// An empty tree, to be filled in.
    #[must_use]
    pub fn new(root: impl Into<String>) -> Tree {
        Tree {
            root: root.into(),
            nodes: BTreeMap::new(),
        }
    }

    /// Adds a file and the folders above it.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Tree {
        for (slash, _) in path.match_indices('/') {
            self.nodes.insert(path[..slash].to_owned(), Node::Folder);
        }
        self.nodes
            .insert(path.to_owned(), Node::File(content.into()));
        self
    }

    /// The path of a node as diagnostics show it.
    #[must_use]
    pub fn display_path(&self, path: &str) -> String {
        match (self.root.as_str(), path) {
            ("", path) => path.to_owned(),
            (root, "") => root.to_owned(),
            (root, path) => format!("{root}/{path}"),
        }
    }

    /// The names and nodes directly in a folder.
    pub(crate) fn children<'a>(
        &'a self,
        folder: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.nodes.iter().filter_map(move |(path, node)| {
            let name = match folder {
                "" => path,
                folder => path.strip_prefix(folder)?.strip_prefix('/')?,
            };
            let is_direct = !name.is_empty() && !name.contains('/');
            is_direct.then_some((name, node))
        })
    }
}
