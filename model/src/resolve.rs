//! A tree becomes a registry, or a list of all that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Place};
use crate::disk::{MANIFEST, MIGRATIONS};
use crate::manifest::{self, Entry, Manifest};
use crate::nearest::suggestion;
use crate::order::topological;
use crate::pairs::{self, Found, Pair, ScriptFile};
use crate::registry::{Migration, Registry, Script, Service, Text};
use crate::requires;
use crate::sql;
use crate::tree::{Node, Tree};

/// What became of a tree.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The registry; complete if there are no diagnostics, as much as could be made out otherwise.
    pub registry: Registry,
    /// All findings, by path and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a tree and puts it in order.
#[must_use]
pub fn resolve(tree: &Tree) -> Resolved {
    let mut diagnostics = Vec::new();
    let manifest = read_manifest(tree, &mut diagnostics);
    check_root(tree, &mut diagnostics);
    if let Some(manifest) = &manifest {
        check_folders(tree, manifest, &mut diagnostics);
    }
    let manifest = manifest.unwrap_or_default();
    let services = order_services(tree, &manifest, &mut diagnostics);
    let found = read_scripts(tree, &services);
    diagnostics.extend(found.diagnostics);
    diagnostics.sort_by(|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
    Resolved {
        registry: Registry {
            tiers: manifest.tiers.into_iter().map(Text::Owned).collect(),
            services: services.into(),
            migrations: found.pairs.into_iter().map(migration).collect(),
        },
        diagnostics,
    }
}

/// The scripts of all services, in plan order; a shared folder is read once.
fn read_scripts(tree: &Tree, services: &[Service]) -> Found {
    let mut found = Found::default();
    let mut directories = BTreeSet::new();
    for service in services {
        if directories.insert(service.directory.as_ref()) {
            pairs::read(tree, &service.name, &service.directory, &mut found);
        }
    }
    check_unique(&found.pairs, &mut found.diagnostics);
    requires::put_in_order(&mut found);
    found
}

/// The manifest, unless it is missing or no TOML: then nothing is known of the services.
fn read_manifest(tree: &Tree, diagnostics: &mut Vec<Diagnostic>) -> Option<Manifest> {
    let path = tree.display_path(MANIFEST);
    let bytes = match tree.nodes.get(MANIFEST) {
        Some(Node::File(bytes)) => bytes,
        Some(Node::Folder) => {
            diagnostics.push(Diagnostic::new(
                Code::M0115,
                Place::file(path),
                "a folder stands where the manifest belongs",
                "remove the folder and write the manifest",
            ));
            return None;
        }
        Some(node) => {
            diagnostics.push(pairs::not_to_be_had(Place::file(path), node));
            return None;
        }
        None => {
            diagnostics.push(Diagnostic::new(
                Code::M0101,
                Place::file(path),
                "the manifest is not there",
                "a tree is a folder with `services.toml` and `migrations/`; \
                 `migrator explain M0101` shows one",
            ));
            return None;
        }
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let (manifest, faults) = manifest::read(&path, text);
            let is_toml = faults.iter().all(|fault| fault.code != Code::M0301);
            diagnostics.extend(faults);
            is_toml.then_some(manifest)
        }
        Err(_) => {
            diagnostics.push(Diagnostic::new(
                Code::M0301,
                Place::file(path),
                "the manifest is not TOML: it is not UTF-8",
                "save the file as UTF-8",
            ));
            None
        }
    }
}

/// What lies beside the manifest and `migrations/`.
fn check_root(tree: &Tree, diagnostics: &mut Vec<Diagnostic>) {
    for (name, node) in tree.children("") {
        let place = Place::file(tree.display_path(name));
        match (name, node) {
            (MANIFEST, _) | (MIGRATIONS, Node::Folder) => {}
            (MIGRATIONS, Node::File(_)) => diagnostics.push(Diagnostic::new(
                Code::M0115,
                place,
                "a file stands where the folder of migrations belongs",
                "remove the file",
            )),
            (_, Node::File(_) | Node::Folder) => diagnostics.push(Diagnostic::new(
                Code::M0111,
                place,
                "this has no place in the tree",
                "a tree holds `services.toml` and `migrations/` and nothing else",
            )),
            (_, node) => diagnostics.push(pairs::not_to_be_had(place, node)),
        }
    }
    if let Some(node @ Node::Unreadable(_)) = tree.nodes.get("") {
        diagnostics.push(pairs::not_to_be_had(
            Place::file(tree.display_path("")),
            node,
        ));
    }
}

/// The folders below `migrations/` against the services that name them.
fn check_folders(tree: &Tree, manifest: &Manifest, diagnostics: &mut Vec<Diagnostic>) {
    let mut named: BTreeMap<&str, &str> = BTreeMap::new();
    for service in &manifest.services {
        let Some((directory, offset)) = &service.directory else {
            continue;
        };
        if let Some(other) = named.insert(directory, &service.name) {
            diagnostics.push(in_manifest(
                tree,
                *offset,
                Code::M0309,
                format!(
                    "`{directory}` is the directory of `{other}` and of `{}`",
                    service.name
                ),
                "give each service a folder of its own",
            ));
        }
        let path = format!("{MIGRATIONS}/{directory}");
        if !tree.nodes.contains_key(&path) {
            let path = tree.display_path(&path);
            diagnostics.push(in_manifest(
                tree,
                *offset,
                Code::M0113,
                format!("the folder of the service `{}` is not there", service.name),
                &format!("make the folder `{path}` (with a `.gitkeep` while it is empty)"),
            ));
        }
    }
    for (name, node) in tree.children(MIGRATIONS) {
        let place = Place::file(tree.display_path(&format!("{MIGRATIONS}/{name}")));
        diagnostics.extend(folder_fault(name, node, place, manifest, &named));
    }
}

fn folder_fault(
    name: &str,
    node: &Node,
    place: Place,
    manifest: &Manifest,
    named: &BTreeMap<&str, &str>,
) -> Option<Diagnostic> {
    match node {
        Node::Folder if named.contains_key(name) => None,
        Node::Folder => {
            let help = if manifest.services.iter().any(|service| service.name == name) {
                format!("the service `{name}` names another directory; correct one of the two")
            } else {
                format!("name it in the manifest: `[services.…]` with `directory = \"{name}\"`")
            };
            let message = "this folder belongs to no service";
            Some(Diagnostic::new(Code::M0112, place, message, help))
        }
        Node::File(_) if named.contains_key(name) => Some(Diagnostic::new(
            Code::M0115,
            place,
            "a file stands where a service's folder belongs",
            "remove the file and make the folder",
        )),
        Node::File(_) => Some(Diagnostic::new(
            Code::M0111,
            place,
            "this file has no place in the tree",
            "`migrations/` holds one folder a service; scripts belong into those",
        )),
        Node::DeadLink | Node::Unreadable(_) | Node::MisnamedBytes => {
            Some(pairs::not_to_be_had(place, node))
        }
    }
}

/// The services by tier, then by dependency, then by name.
fn order_services(
    tree: &Tree,
    manifest: &Manifest,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Service> {
    let mut entries: Vec<&Entry> = manifest.services.iter().collect();
    entries.sort_by(|a, b| (a.tier, &a.name).cmp(&(b.tier, &b.name)));
    let waits_for: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| dependencies(tree, entry, &entries, diagnostics))
        .collect();
    let order = topological(&waits_for).unwrap_or_else(|cycle| {
        diagnostics.push(dependency_cycle(tree, &entries, &cycle));
        (0..entries.len()).collect()
    });
    order
        .into_iter()
        .filter_map(|i| service(entries[i]))
        .collect()
}

fn dependencies(
    tree: &Tree,
    entry: &Entry,
    entries: &[&Entry],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let mut found = Vec::new();
    for (name, offset) in &entry.depends_on {
        let Some(other) = entries.iter().position(|other| other.name == *name) else {
            let names = entries.iter().map(|other| other.name.as_str());
            let help = suggestion(name, "service", names.filter(|n| *n != entry.name));
            let message = format!("`{}` depends on `{name}`, which is no service", entry.name);
            diagnostics.push(in_manifest(tree, *offset, Code::M0305, message, &help));
            continue;
        };
        if entries[other].tier > entry.tier && entry.tier.is_some() {
            let message = format!(
                "`{}` depends on `{name}`, which is of a later tier",
                entry.name
            );
            let help = format!(
                "move `{name}` to an earlier tier, or `{}` to a later one",
                entry.name
            );
            diagnostics.push(in_manifest(tree, *offset, Code::M0306, message, &help));
        } else {
            found.push(other);
        }
    }
    found
}

fn dependency_cycle(tree: &Tree, entries: &[&Entry], cycle: &[usize]) -> Diagnostic {
    let mut names: Vec<String> = cycle
        .iter()
        .map(|&i| format!("`{}`", entries[i].name))
        .collect();
    names.extend(names.first().cloned());
    let first = entries[cycle.first().copied().unwrap_or_default()];
    in_manifest(
        tree,
        first.offset,
        Code::M0307,
        format!("services depend on each other: {}", names.join(" on ")),
        "remove one of the dependencies; where one migration needs another, \
         `-- migrator: requires` says so",
    )
}

fn in_manifest(tree: &Tree, offset: usize, code: Code, message: String, help: &str) -> Diagnostic {
    let path = tree.display_path(MANIFEST);
    let text = match tree.nodes.get(MANIFEST) {
        Some(Node::File(bytes)) => String::from_utf8_lossy(bytes),
        _ => "".into(),
    };
    Diagnostic::new(code, Place::within(path, &text, offset), message, help)
}

fn service(entry: &Entry) -> Option<Service> {
    let (directory, _) = entry.directory.clone()?;
    Some(Service {
        name: Text::Owned(entry.name.clone()),
        tier: entry.tier.unwrap_or_default(),
        directory: Text::Owned(directory),
        depends_on: entry
            .depends_on
            .iter()
            .map(|(name, _)| Text::Owned(name.clone()))
            .collect(),
        description: Text::Owned(entry.description.clone()),
    })
}

/// Versions within a service, uids within the tree.
fn check_unique(pairs: &[Pair], diagnostics: &mut Vec<Diagnostic>) {
    let mut versions = BTreeMap::new();
    let mut uids: BTreeMap<&str, &ScriptFile> = BTreeMap::new();
    for pair in pairs {
        let file = &pair.up.file;
        let place = || Place::file(&pair.up.path);
        if let Some(other) = versions.insert((&pair.service, file.version), &pair.up) {
            diagnostics.push(Diagnostic::new(
                Code::M0110,
                place(),
                format!(
                    "the version `{}` is also that of `{}`",
                    file.version, other.path
                ),
                "give the later one a version of its own",
            ));
        }
        if let Some(other) = uids.insert(&file.uid, &pair.up) {
            diagnostics.push(Diagnostic::new(
                Code::M0109,
                place(),
                format!("the uid `{}` is also that of `{}`", file.uid, other.path),
                "give the later one a uid of its own: 8 hex digits of a new random UUID",
            ));
        }
    }
}

fn migration(pair: Pair) -> Migration {
    let file = &pair.up.file;
    let history_name = format!("{}_{}", file.uid, file.name);
    Migration {
        service: Text::Owned(pair.service),
        version: file.version,
        uid: Text::Owned(file.uid.clone()),
        name: Text::Owned(file.name.clone()),
        checksum: sql::checksum(&history_name, file.version.as_integer(), &pair.up.sql),
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

fn script(file: ScriptFile) -> Script {
    Script {
        path: Text::Owned(file.path),
        fingerprint: sql::fingerprint(&file.sql),
        raw: Text::Owned(file.raw),
        mode: file.directives.mode,
        lock_timeout: file.directives.lock_timeout,
        statement_timeout: file.directives.statement_timeout,
    }
}
