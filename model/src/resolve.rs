//! Turns a tree into a registry, or into a list of all findings.

use crate::small;
use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::disk::{MANIFEST, MIGRATIONS};
use crate::file_name::FileName;
use crate::layout;
use crate::levels::LintLevel;
use crate::manifest::{self, Manifest};
use crate::pairs::{self, Found, Name, Pair};
use crate::place::Place;
use crate::problem::Problem;
use crate::registry::{MigrationData, Registry, RegistryData, ScriptData, ServiceData};
use crate::requires;
use crate::script_file::ScriptFile;
use crate::services;
use crate::tree::{Node, Tree};

/// The result of resolving a tree.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The registry. It is complete if there are no problems; otherwise it has the valid parts.
    pub registry: Registry,
    /// All findings, by path and place.
    pub problems: Vec<Problem>,
    /// The levels of lints that the manifest sets.
    pub levels: Vec<LintLevel>,
    /// The texts of possible up scripts that are not in the registry, because their text or
    /// their name has a fault.
    pub unread: Vec<String>,
}

/// Checks a tree and puts it in order.
#[must_use]
pub fn resolve(tree: &Tree) -> Resolved {
    resolve_with(tree, &Registry::default())
}

/// Does the same as [`resolve`], but faster: if `earlier` has the same script, it copies the facts
/// about the script from there.
#[must_use]
pub fn resolve_after(tree: &Tree, earlier: &Registry) -> Resolved {
    let resolved = resolve_with(tree, earlier);
    // A registry has no positions of directives, and a problem needs them.
    match resolved.problems.is_empty() {
        true => resolved,
        false => resolve(tree),
    }
}

fn resolve_with(tree: &Tree, earlier: &Registry) -> Resolved {
    if let Some(node) = tree.nodes.get("") {
        return Resolved {
            registry: Registry::default(),
            problems: vec![root_fault(tree, node)],
            levels: Vec::new(),
            unread: Vec::new(),
        };
    }
    let mut problems = Vec::new();
    let manifest = read_manifest(tree, &mut problems);
    layout::check_root(tree, &mut problems);
    if let Some(manifest) = &manifest {
        layout::check_folders(tree, manifest, &mut problems);
    }
    let manifest = manifest.unwrap_or_default();
    let services = services::put_in_order(tree, &manifest, &mut problems);
    let found = read_scripts(tree, &manifest, &services, earlier);
    problems.extend(found.problems);
    Problem::sort(&mut problems);
    let unread = unread(tree, &found.pairs);
    Resolved {
        unread,
        registry: Registry::from(RegistryData {
            root: tree.root.clone(),
            tiers: manifest.tiers,
            services,
            migrations: found.pairs.into_iter().map(migration).collect(),
            left_out: manifest.left_out,
            roles: manifest.roles,
            levels: manifest.lints.clone(),
        }),
        problems,
        levels: manifest.lints,
    }
}

/// The finding on a tree whose root is not a folder.
fn root_fault(tree: &Tree, node: &Node) -> Problem {
    let place = Place::file(tree.display_path(""));
    match node {
        Node::File(_) => Problem::at(
            Code::M0115,
            place,
            "expected the folder of the tree, found a file",
            "remove the file; the page of M0101 shows a tree",
        ),
        node @ (Node::Folder
        | Node::DeadLink
        | Node::OutsideLink
        | Node::Unreadable(_)
        | Node::MisnamedBytes) => pairs::unreadable_node(place, node),
    }
}

/// The texts of the files below `migrations/` that belong to no pair. Down scripts are not
/// among them.
fn unread(tree: &Tree, pairs: &[Pair]) -> Vec<String> {
    let read: BTreeSet<&str> = small::collect(pairs.iter().map(|pair| pair.up.path.as_str()));
    let files = tree.nodes.iter().filter_map(|(path, node)| {
        let is_below = path.starts_with(MIGRATIONS) && !path.ends_with(".down.sql");
        let Node::File(bytes) = node else {
            return None;
        };
        is_below.then(|| (tree.display_path(path), bytes))
    });
    let unread = files.filter(|(path, _)| !read.contains(path.as_str()));
    unread
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect()
}

/// The scripts of all services, in plan order.
fn read_scripts(
    tree: &Tree,
    manifest: &Manifest,
    services: &[ServiceData],
    earlier: &Registry,
) -> Found {
    let mut found = Found::default();
    for service in services {
        let earlier = earlier.find_service(&service.name);
        pairs::read(tree, &service.name, &service.directory, earlier, &mut found);
    }
    check_unique(&found.names, &mut found.problems);
    requires::put_in_order(&mut found, tree, manifest);
    found
}

/// Reads the manifest; `None` if it is missing or not TOML, because the services are then unknown.
fn read_manifest(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Manifest> {
    let path = tree.display_path(MANIFEST);
    let bytes = match tree.nodes.get(MANIFEST) {
        Some(Node::File(bytes)) => bytes,
        Some(Node::Folder) => {
            problems.push(Problem::at(
                Code::M0115,
                Place::file(path),
                "expected the manifest, found a folder",
                "remove the folder and write the manifest",
            ));
            return None;
        }
        Some(node) => {
            problems.push(pairs::unreadable_node(Place::file(path), node));
            return None;
        }
        None => {
            problems.push(layout::no_manifest(tree));
            return None;
        }
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let (manifest, faults) = manifest::read(&path, text);
            let is_toml = faults.iter().all(|fault| fault.code != Code::M0301);
            problems.extend(faults);
            is_toml.then_some(manifest)
        }
        Err(_) => {
            problems.push(Problem::at(
                Code::M0301,
                Place::file(path),
                "the manifest is not TOML: it is not UTF-8",
                "save the file as UTF-8",
            ));
            None
        }
    }
}

/// Checks that versions are unique in a service, and uids in the tree.
fn check_unique(names: &[Name], problems: &mut Vec<Problem>) {
    let mut versions = BTreeMap::new();
    let mut uids = BTreeMap::new();
    for name in names {
        let FileName { version, uid, .. } = &name.file;
        let place = || Place::file(&name.path);
        if let Some(other) = versions.insert((&name.service, version), &name.path) {
            problems.push(Problem::at(
                Code::M0110,
                place(),
                format!("`{other}` has the same version, `{version}`"),
                "change the version of the migration that no database has applied yet",
            ));
        }
        if let Some(other) = uids.insert(uid, &name.path) {
            problems.push(Problem::at(
                Code::M0109,
                place(),
                format!("`{other}` has the same uid, `{uid}`"),
                "change the uid of the migration that no database has applied yet: use the first 8 hex digits \
                 of a new random UUID",
            ));
        }
    }
}

fn migration(pair: Pair) -> MigrationData {
    let file = &pair.up.file;
    MigrationData {
        service: pair.service,
        version: file.version,
        uid: file.uid.clone(),
        name: file.name.clone(),
        checksum: pair.up.checksum,
        requires: pair
            .up
            .directives
            .requires
            .iter()
            .map(|(reference, _)| reference.clone())
            .collect(),
        up: script(pair.up),
        down: script(pair.down),
    }
}

fn script(file: ScriptFile) -> ScriptData {
    ScriptData {
        fingerprint: file.fingerprint,
        raw: file.raw,
        mode: file.directives.mode,
        lock_timeout: file.directives.lock_timeout,
        statement_timeout: file.directives.statement_timeout,
    }
}
