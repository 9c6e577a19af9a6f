//! Reads a tree from disk. Only this file of the crate reads the disk.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::ignored::is_ignored;
use crate::tree::{Node, Tree};

/// The manifest's file name, in the tree's folder.
pub const MANIFEST: &str = "services.toml";

/// The folder of the services' folders, directly in the tree's folder.
pub const MIGRATIONS: &str = "migrations";

/// Reads everything under `folder`. A file that cannot be read becomes a node with the reason.
///
/// `root` is the name of the folder in problems. `read` follows links to targets within the
/// folder, and no other links. If the folder does not exist, the tree is empty. If `folder` is
/// not a folder, the tree's root is that file or link.
#[must_use]
pub fn read(folder: &Path, root: &str) -> Tree {
    let mut tree = Tree::new(root);
    match read_node(folder) {
        Node::Folder => {
            let root = folder.canonicalize().ok();
            read_folder(folder, root.as_deref(), "", &mut tree);
        }
        Node::DeadLink if folder.symlink_metadata().is_err() => {}
        node @ (Node::File(_)
        | Node::DeadLink
        | Node::OutsideLink
        | Node::Unreadable(_)
        | Node::MisnamedBytes) => {
            tree.nodes.insert(String::new(), node);
        }
    }
    tree
}

/// Finds the folder of a tree: a folder `database` with a manifest, in `start` or in a
/// folder above it.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join("database"))
        .find(|folder| folder.join(MANIFEST).is_file())
}

fn read_folder(folder: &Path, root: Option<&Path>, prefix: &str, tree: &mut Tree) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            tree.nodes.insert(prefix.to_owned(), unreadable(&error));
            return;
        }
    };
    for entry in entries {
        match entry {
            Ok(entry) => read_entry(&entry, root, prefix, tree),
            Err(error) => {
                tree.nodes.insert(prefix.to_owned(), unreadable(&error));
            }
        }
    }
}

fn read_entry(entry: &DirEntry, root: Option<&Path>, prefix: &str, tree: &mut Tree) {
    let (os_name, path) = (entry.file_name(), &entry.path());
    let name = os_name.to_string_lossy();
    if is_ignored(&name) {
        return;
    }
    let key = match prefix {
        "" => name.to_string(),
        prefix => format!("{prefix}/{name}"),
    };
    let node = match os_name.to_str() {
        Some(_) => match entry.file_type() {
            // The folder already says what most entries are, so that the system is not asked again.
            Ok(kind) if kind.is_file() => read_file(path),
            Ok(kind) if kind.is_dir() => Node::Folder,
            _ if points_out(path, root) => Node::OutsideLink,
            _ => read_node(path),
        },
        None => Node::MisnamedBytes,
    };
    let below = node == Node::Folder && holds_scripts(&key);
    tree.nodes.insert(key.clone(), node);
    if below {
        read_folder(path, root, &key, tree);
    }
}

/// Whether this is a link to a target outside the tree's folder. `read` does not open such a
/// target, because a finding could show lines of a secret file.
fn points_out(path: &Path, root: Option<&Path>) -> bool {
    let is_link = path.symlink_metadata().is_ok_and(|it| it.is_symlink());
    let (true, Some(root)) = (is_link, root) else {
        return false;
    };
    path.canonicalize()
        .is_ok_and(|target| !target.starts_with(root))
}

/// Whether to read this folder: `migrations` or a folder directly in it. A deeper folder is in
/// the wrong place. A deeper link could lead to an endless loop.
fn holds_scripts(key: &str) -> bool {
    let mut parts = key.split('/');
    parts.next() == Some(MIGRATIONS) && parts.count() <= 1
}

fn read_node(path: &Path) -> Node {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Node::Folder,
        Ok(metadata) if metadata.is_file() => read_file(path),
        Ok(_) => Node::Unreadable("it is neither a file nor a folder".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Node::DeadLink,
        Err(error) => unreadable(&error),
    }
}

fn read_file(path: &Path) -> Node {
    match fs::read(path) {
        Ok(bytes) => Node::File(bytes),
        Err(error) => unreadable(&error),
    }
}

/// The message of the system, without its error number, which differs between systems.
fn unreadable(error: &io::Error) -> Node {
    let text = error.to_string();
    let why = text.split(" (os error").next().unwrap_or_default();
    Node::Unreadable(why.to_owned())
}
