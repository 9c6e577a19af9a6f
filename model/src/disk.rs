//! Reads a tree from disk; the only file of this crate that touches the disk
//! (beside [`crate::build_script`], which only prints).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::ignored::is_ignored;
use crate::tree::{Node, Tree};

/// The manifest's file name, in the tree's folder.
pub const MANIFEST: &str = "services.toml";

/// The folder of the services' folders, in the tree's folder.
pub const MIGRATIONS: &str = "migrations";

/// Reads everything under `folder`; what cannot be read becomes a node that says so.
///
/// `root` is how diagnostics name the folder. Links are followed within the folder; what lies
/// behind a link that leads out of it is not part of the tree. A folder
/// that is not there gives an empty tree, anything else in its place a tree
/// whose root is just that.
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

/// Finds the folder of a tree: `database` in `start` or in a folder above it,
/// with a manifest in it.
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
            Ok(entry) => read_entry(&entry.path(), root, prefix, tree),
            Err(error) => {
                tree.nodes.insert(prefix.to_owned(), unreadable(&error));
            }
        }
    }
}

fn read_entry(path: &Path, root: Option<&Path>, prefix: &str, tree: &mut Tree) {
    let Some(os_name) = path.file_name() else {
        return;
    };
    let name = os_name.to_string_lossy();
    if is_ignored(&name) {
        return;
    }
    let key = match prefix {
        "" => name.to_string(),
        prefix => format!("{prefix}/{name}"),
    };
    let node = match os_name.to_str() {
        Some(_) if leads_out(path, root) => Node::OutsideLink,
        Some(_) => read_node(path),
        None => Node::MisnamedBytes,
    };
    let below = node == Node::Folder && holds_scripts(&key);
    tree.nodes.insert(key.clone(), node);
    if below {
        read_folder(path, root, &key, tree);
    }
}

/// Whether this is a link to something that is not below the tree's folder. What lies there is
/// not read: it may be a secret, and a finding shows lines.
fn leads_out(path: &Path, root: Option<&Path>) -> bool {
    let is_link = path.symlink_metadata().is_ok_and(|it| it.is_symlink());
    let (true, Some(root)) = (is_link, root) else {
        return false;
    };
    path.canonicalize()
        .is_ok_and(|target| !target.starts_with(root))
}

/// Whether to look inside: `migrations` and its direct folders; what is deeper
/// has no place, and a link there cannot lead us in circles.
fn holds_scripts(key: &str) -> bool {
    let mut parts = key.split('/');
    parts.next() == Some(MIGRATIONS) && parts.count() <= 1
}

fn read_node(path: &Path) -> Node {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Node::Folder,
        Ok(metadata) if metadata.is_file() => match fs::read(path) {
            Ok(bytes) => Node::File(bytes),
            Err(error) => unreadable(&error),
        },
        Ok(_) => Node::Unreadable("it is neither a file nor a folder".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Node::DeadLink,
        Err(error) => unreadable(&error),
    }
}

/// What the system says, without its error number, which differs from system to system.
fn unreadable(error: &io::Error) -> Node {
    let text = error.to_string();
    let why = text.split(" (os error").next().unwrap_or_default();
    Node::Unreadable(why.to_owned())
}
