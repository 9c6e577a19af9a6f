//! A tree as data: the files of the folder, before any check.

use std::collections::BTreeMap;

/// The files and folders in the tree's folder, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The name of the tree's folder in problems, such as `database`.
    pub root: String,
    /// The nodes below the root. A key is the path relative to the root, with `/`. If the root
    /// itself is not a folder, it is here with the empty key.
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
    /// A file or folder that cannot be read, and the reason.
    Unreadable(String),
    /// A file or folder whose name is not UTF-8. The key has replacement characters.
    MisnamedBytes,
}

impl Tree {
    /// An empty tree.
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

    /// The path of a node in problems.
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
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let below = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let nodes = self.nodes.range(below.clone()..);
        let nodes = nodes.map_while(move |(path, node)| Some((path.strip_prefix(&below)?, node)));
        nodes.filter_map(|(name, node)| {
            let is_direct = !name.is_empty() && !name.contains('/');
            is_direct.then_some((name, node))
        })
    }
}
