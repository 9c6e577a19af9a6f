//! Checks which files and folders a tree has: no file is missing, and no file is ignored silently.

use crate::small;
use std::collections::BTreeSet;

use crate::code::Code;
use crate::disk::{MANIFEST, MIGRATIONS};
use crate::manifest::{Entry, Manifest};
use crate::nearest::nearest;
use crate::pairs;
use crate::place::Place;
use crate::problem::Problem;
use crate::tree::{Node, Tree};

/// Checks the other files and folders at the root, beside the manifest and `migrations/`.
pub(crate) fn check_root(tree: &Tree, problems: &mut Vec<Problem>) {
    let taken = [MANIFEST, MIGRATIONS].map(|wanted| misnamed(tree, wanted));
    for (name, node) in tree.children("") {
        if taken.contains(&Some(name)) {
            continue;
        }
        let place = Place::file(tree.display_path(name));
        let help = "remove or move it: a tree contains only `services.toml` and `migrations/`";
        match (name, node) {
            (MANIFEST, _) | (MIGRATIONS, Node::Folder) => {}
            (MIGRATIONS, Node::File(_)) => problems.push(Problem::at(
                Code::M0115,
                place,
                "expected the folder of migrations, found a file",
                "remove the file and create the folder",
            )),
            (_, node) => problems.push(out_of_place(place, node, help)),
        }
    }
}

/// The finding on a missing manifest.
pub(crate) fn no_manifest(tree: &Tree) -> Problem {
    let help = match misnamed(tree, MANIFEST) {
        Some(name) => format!("rename `{}`", tree.display_path(name)),
        None => "a tree is a folder with `services.toml` and `migrations/`; \
                 the page of M0101 shows one"
            .to_owned(),
    };
    let place = Place::file(tree.display_path(MANIFEST));
    Problem::at(Code::M0101, place, "the manifest does not exist", help)
}

/// The file or folder at the root that is probably the missing one with a misspelt name.
pub(crate) fn misnamed<'a>(tree: &'a Tree, wanted: &str) -> Option<&'a str> {
    if tree.nodes.contains_key(wanted) {
        return None;
    }
    let others = tree.children("").map(|(name, _)| name);
    nearest(
        wanted,
        others.filter(|name| *name != MANIFEST && *name != MIGRATIONS),
    )
}

/// Compares the folders below `migrations/` with the directories of the services.
pub(crate) fn check_folders(tree: &Tree, manifest: &Manifest, problems: &mut Vec<Problem>) {
    match tree.nodes.get(MIGRATIONS) {
        Some(Node::Folder) => {}
        None if !manifest.services.is_empty() => return problems.push(no_migrations(tree)),
        _ => return,
    }
    let folders = Folders::new(tree, manifest);
    let mut taken = BTreeSet::new();
    for entry in &manifest.services {
        if let Some((directory, offset)) = &entry.directory
            && !folders.all.contains(directory.as_str())
        {
            let misnamed = nearest(directory, folders.ownerless());
            taken.extend(misnamed);
            let place = in_manifest(tree, *offset);
            problems.push(no_folder(tree, entry, directory, misnamed, place));
        }
    }
    for (name, node) in tree.children(MIGRATIONS) {
        if taken.contains(name) {
            continue;
        }
        let place = Place::file(tree.display_path(&format!("{MIGRATIONS}/{name}")));
        problems.extend(folders.fault(name, node, place, manifest));
    }
}

/// Whether a service's migrations are known.
pub(crate) enum Standing {
    /// The service's folder was read.
    Read,
    /// They are unknown, and another finding says why.
    Hidden,
    /// The service does not exist.
    Unknown,
}

/// Whether the migrations of the service with this name are known.
pub(crate) fn standing(tree: &Tree, manifest: &Manifest, service: &str) -> Standing {
    let entry = manifest.services.iter().find(|entry| entry.name == service);
    match entry.map(|entry| &entry.directory) {
        Some(Some((directory, _))) => match tree.nodes.get(&format!("{MIGRATIONS}/{directory}")) {
            Some(Node::Folder) => Standing::Read,
            _ => Standing::Hidden,
        },
        None if manifest.is_complete => Standing::Unknown,
        Some(None) | None => Standing::Hidden,
    }
}

/// The place of a byte offset in the manifest.
pub(crate) fn in_manifest(tree: &Tree, offset: usize) -> Place {
    let text = match tree.nodes.get(MANIFEST) {
        Some(Node::File(bytes)) => String::from_utf8_lossy(bytes),
        _ => "".into(),
    };
    Place::within(tree.display_path(MANIFEST), &text, offset)
}

struct Folders<'a> {
    /// The files and folders below `migrations/`.
    all: BTreeSet<&'a str>,
    /// The directories of the services.
    named: BTreeSet<&'a str>,
}

impl<'a> Folders<'a> {
    fn new(tree: &'a Tree, manifest: &'a Manifest) -> Folders<'a> {
        let directories = manifest.services.iter().flat_map(|entry| &entry.directory);
        Folders {
            all: small::collect(tree.children(MIGRATIONS).map(|(name, _)| name)),
            named: small::collect(directories.map(|(name, _)| name.as_str())),
        }
    }

    fn ownerless(&self) -> impl Iterator<Item = &'a str> {
        self.all.difference(&self.named).copied()
    }

    fn fault(&self, name: &str, node: &Node, place: Place, manifest: &Manifest) -> Option<Problem> {
        match (node, self.named.contains(name)) {
            (Node::Folder, true) => None,
            (Node::Folder, false) if !manifest.names_all_folders() => None,
            (Node::Folder, false) => Some(no_owner(name, place, manifest)),
            (Node::File(_), true) => Some(Problem::at(
                Code::M0115,
                place,
                "expected the folder of a service, found a file",
                "remove the file and create the folder",
            )),
            (node, _) => {
                let help = "put scripts into the folder of their service, in `migrations/`";
                Some(out_of_place(place, node, help))
            }
        }
    }
}

fn no_migrations(tree: &Tree) -> Problem {
    let path = tree.display_path(MIGRATIONS);
    let help = match misnamed(tree, MIGRATIONS) {
        Some(name) => format!("rename `{}`", tree.display_path(name)),
        None => format!("create the folder `{path}`, with a folder for each service"),
    };
    let message = "the folder of migrations does not exist";
    Problem::at(Code::M0101, Place::file(path), message, help)
}

fn no_folder(
    tree: &Tree,
    entry: &Entry,
    directory: &str,
    misnamed: Option<&str>,
    place: Place,
) -> Problem {
    let message = format!(
        "the folder `{directory}` of the service `{}` does not exist",
        entry.name
    );
    let path = tree.display_path(&format!("{MIGRATIONS}/{directory}"));
    let help = match misnamed {
        Some(folder) => format!("did you mean `{folder}`?"),
        None => {
            format!("create the folder `{path}`; git keeps it if it has a file, such as `.gitkeep`")
        }
    };
    Problem::at(Code::M0113, place, message, help)
}

fn no_owner(name: &str, place: Place, manifest: &Manifest) -> Problem {
    let help = if manifest.services.iter().any(|entry| entry.name == name) {
        format!(
            "the service `{name}` has another `directory`; rename this folder, or correct `directory`"
        )
    } else {
        format!("add a service to the manifest: `[services.…]` with `directory = \"{name}\"`")
    };
    let message = "this folder belongs to no service";
    Problem::at(Code::M0112, place, message, help)
}

fn out_of_place(place: Place, node: &Node, help: &str) -> Problem {
    let message = match node {
        Node::File(_) => "this file is in the wrong place",
        Node::Folder => "this folder is in the wrong place",
        node @ (Node::DeadLink | Node::OutsideLink | Node::Unreadable(_) | Node::MisnamedBytes) => {
            return pairs::unreadable_node(place, node);
        }
    };
    Problem::at(Code::M0111, place, message, help)
}
