//! Reads the tree at a commit from the objects of git, without a checkout.
//!
//! Only this module runs `git`, and only commands that read.

mod objects;
mod program;

use migrator_model::{Code, Node, Tree};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::tree::Folder;
use objects::{Entry, Kind};
use program::Git;

/// The tree at a commit.
pub(crate) struct TreeAt {
    /// The hash of the commit.
    pub(crate) commit: String,
    pub(crate) tree: Tree,
}

/// Reads the tree of a folder at the commit that `reference` names. If the commit has no such
/// folder, the tree is empty.
pub(crate) fn tree_at(folder: &Folder, reference: &str) -> Result<TreeAt, Failure> {
    let git = Git::in_folder(&folder.path);
    let prefix = git.prefix(&folder.shown)?;
    let commit = git
        .commit(reference)?
        .ok_or_else(|| no_commit(&git, reference))?;
    let mut tree = Tree::new(&*folder.shown);
    let missing = |cause: String| {
        let message = format!("the repository lacks a file of the tree at `{reference}`");
        let help = format!("fetch it with `{}`", fetch(&git, reference));
        Failure::new(Code::M0237, Exit::Usage, message, help).because(cause)
    };
    let root = match prefix.trim_end_matches('/') {
        "" => Some(commit.clone()),
        prefix => git.folder(&commit, prefix).map_err(missing)?,
    };
    let entries = match root {
        Some(root) => git.list(&root).map_err(missing)?,
        None => Vec::new(),
    };
    let (links, files): (Vec<Entry>, Vec<Entry>) = entries
        .into_iter()
        .filter(|entry| objects::is_read(&entry.path))
        .partition(|entry| entry.kind == Kind::Other);
    let contents = git.contents(&files).map_err(missing)?;
    let mut unread = links;
    for (entry, content) in files.into_iter().zip(contents) {
        match objects::is_pointer(&content) {
            true => unread.push(entry),
            false => tree = tree.with_file(&entry.path, content),
        }
    }
    for Entry { path, .. } in unread {
        tree = tree.with_file(&path, "");
        let why = "it is a link, or Git LFS has its content".to_owned();
        tree.nodes.insert(path, Node::Unreadable(why));
    }
    Ok(TreeAt { commit, tree })
}

fn no_commit(git: &Git, reference: &str) -> Failure {
    let message = format!("the repository has no commit `{reference}`");
    let help = format!(
        "correct the name, or fetch the commit with `{}`",
        fetch(git, reference)
    );
    Failure::new(Code::M0237, Exit::Usage, message, help)
}

/// The command that fetches a commit, in a shallow clone without its history. In a complete clone,
/// `--depth` would cut off the history.
fn fetch(git: &Git, reference: &str) -> String {
    let is_shallow = git.is_shallow();
    if reference.contains(['~', '^', '@']) {
        return match is_shallow {
            true => "git fetch --unshallow".to_owned(),
            false => "git fetch".to_owned(),
        };
    }
    let fetch = match is_shallow {
        true => "git fetch --depth=1",
        false => "git fetch",
    };
    let is_hash = matches!(reference.len(), 40 | 64)
        && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    let remotes = git.remotes();
    let of_remote = reference
        .split_once('/')
        .filter(|(remote, _)| remotes.iter().any(|one| one == remote));
    let remote = remotes.first().map_or("origin", String::as_str);
    match of_remote {
        _ if is_hash => format!("{fetch} {remote} {reference}"),
        Some((remote, branch)) => {
            format!("{fetch} {remote} +refs/heads/{branch}:refs/remotes/{remote}/{branch}")
        }
        None => format!("{fetch} {remote} {reference}:{reference}"),
    }
}
