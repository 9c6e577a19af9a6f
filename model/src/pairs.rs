//! Reads the folder of a service, and pairs its up and down scripts.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::file_name::{Direction, FileName, looks_like_a_script, version_of};
use crate::place::Place;
use crate::problem::Problem;
use crate::registry::Service;
use crate::script_file::{self, ScriptFile};
use crate::tree::{Node, Tree};
use crate::version::Version;

/// A migration's two scripts.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) service: String,
    pub(crate) up: ScriptFile,
    pub(crate) down: ScriptFile,
}

/// The scripts in the folders that were read so far.
#[derive(Default)]
pub(crate) struct Found {
    /// By service, then by version.
    pub(crate) pairs: Vec<Pair>,
    /// The name of every pair, including pairs with a fault in their text.
    pub(crate) names: Vec<Name>,
    /// Migrations that exist and already have a finding.
    pub(crate) at_fault: BTreeSet<(String, Version)>,
    pub(crate) problems: Vec<Problem>,
}

/// The name of a migration, and the path of its up script.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) service: String,
    pub(crate) file: FileName,
    pub(crate) path: String,
}

/// Reads the folder `directory` below `migrations/` for a service.
///
/// `earlier` is the service in the registry of an earlier tree.
pub(crate) fn read(
    tree: &Tree,
    service: &str,
    directory: &str,
    earlier: Option<Service<'_>>,
    found: &mut Found,
) {
    let folder = format!("{}/{directory}", crate::disk::MIGRATIONS);
    let mut listing = Listing {
        scripts: BTreeMap::new(),
        misnamed: Vec::new(),
        earlier,
    };
    for (name, node) in tree.children(&folder) {
        let path = tree.display_path(&format!("{folder}/{name}"));
        listing.add(name, path, node, &mut found.problems);
    }
    listing.pair(service, found);
}

impl Found {
    fn add(&mut self, service: &str, one: NamedScript, other: NamedScript) {
        let (up, down) = in_order(one, other);
        if let (Some(up), Some(down)) = (up.script, down.script) {
            let service = service.to_owned();
            self.pairs.push(Pair { service, up, down });
        } else {
            self.add_fault(service, up.file.version);
        }
        self.names.push(Name {
            service: service.to_owned(),
            file: up.file,
            path: up.path,
        });
    }

    fn add_fault(&mut self, service: &str, version: Version) {
        self.at_fault.insert((service.to_owned(), version));
    }
}

/// The files of a folder, by kind.
struct Listing<'r> {
    scripts: BTreeMap<FileName, NamedScript>,
    /// Scripts with a malformed name. One of them may be the missing script of a pair.
    misnamed: Vec<String>,
    /// The service in the registry of an earlier tree.
    earlier: Option<Service<'r>>,
}

/// A script with a valid name.
struct NamedScript {
    file: FileName,
    path: String,
    /// Its text; `None` if a finding on the text was already reported.
    script: Option<ScriptFile>,
}

impl Listing<'_> {
    fn add(&mut self, name: &str, path: String, node: &Node, problems: &mut Vec<Problem>) {
        let is_script = looks_like_a_script(name);
        let content = content(&path, node, is_script, problems);
        match FileName::parse(name) {
            Ok(file) => {
                let script = content.and_then(|bytes| {
                    let earlier = self.earlier;
                    let known = earlier.and_then(|of| script_file::known(&file, &path, bytes, of));
                    known
                        .map_or_else(|| script_file::read(file.clone(), &path, bytes), Ok)
                        .map_err(|faults| problems.extend(faults))
                        .ok()
                });
                self.scripts
                    .insert(file.clone(), NamedScript { file, path, script });
            }
            Err(faults) if is_script => {
                self.misnamed.push(name.to_owned());
                let of_name = faults.into_iter().map(|fault| {
                    Problem::at(fault.code, Place::file(&path), fault.message, fault.help)
                });
                problems.extend(of_name.filter(|_| content.is_some()));
            }
            Err(_) if content.is_some() => problems.push(Problem::at(
                Code::M0111,
                Place::file(path),
                "this file is in the wrong place",
                "remove or move it: a service's folder contains only `.up.sql` and `.down.sql` files",
            )),
            Err(_) => {}
        }
    }

    fn pair(mut self, service: &str, found: &mut Found) {
        let mut single = Vec::new();
        while let Some((file, script)) = self.scripts.pop_first() {
            match self.scripts.remove(&file.partner()) {
                Some(partner) => found.add(service, script, partner),
                None => single.push(script),
            }
        }
        let single_versions = single.iter().map(|script| script.file.version);
        let versions = self.misnamed.iter().filter_map(|name| version_of(name));
        for version in single_versions.chain(versions) {
            found.add_fault(service, version);
        }
        self.explain(single, &mut found.problems);
    }

    /// Reports each script without a partner.
    fn explain(&self, mut single: Vec<NamedScript>, problems: &mut Vec<Problem>) {
        while let Some(script) = single.pop() {
            let partner = script.file.partner();
            let akin = |other: &NamedScript| {
                other.file.direction == partner.direction
                    && (other.file.version == partner.version || other.file.uid == partner.uid)
            };
            if self.is_misnamed(&partner) {
                continue;
            }
            match single.iter().position(akin) {
                Some(at) => problems.push(names_differ(script, single.swap_remove(at))),
                None => problems.push(missing_script(&script)),
            }
        }
    }

    /// Whether a script with a malformed name may be the missing script.
    fn is_misnamed(&self, wanted: &FileName) -> bool {
        let name = format!("_{}.", wanted.name);
        let uid = format!("_{}_", wanted.uid);
        self.misnamed.iter().any(|file| {
            let direction = match wanted.direction {
                Direction::Up => !file.to_lowercase().contains(Direction::Down.ending()),
                Direction::Down => !file.to_lowercase().contains(Direction::Up.ending()),
            };
            direction
                && (file.starts_with(&wanted.version.to_string())
                    || file.contains(&uid)
                    || file.contains(&name))
        })
    }
}

/// The two scripts of a pair, the up script first.
fn in_order(one: NamedScript, other: NamedScript) -> (NamedScript, NamedScript) {
    match one.file.direction {
        Direction::Up => (one, other),
        Direction::Down => (other, one),
    }
}

/// The bytes of a node that must be a file.
fn content<'a>(
    path: &str,
    node: &'a Node,
    is_script: bool,
    problems: &mut Vec<Problem>,
) -> Option<&'a [u8]> {
    let place = Place::file(path);
    problems.push(match node {
        Node::File(bytes) => return Some(bytes),
        Node::Folder if is_script => Problem::at(
            Code::M0115,
            place,
            "expected a script, found a folder",
            "remove the folder, or move its files",
        ),
        Node::Folder => Problem::at(
            Code::M0111,
            place,
            "this folder is in the wrong place",
            "remove or move it: a service's folder contains no folders",
        ),
        other
        @ (Node::DeadLink | Node::OutsideLink | Node::Unreadable(_) | Node::MisnamedBytes) => {
            unreadable_node(place, other)
        }
    });
    None
}

/// The finding on a node that cannot be read.
pub(crate) fn unreadable_node(place: Place, node: &Node) -> Problem {
    match node {
        Node::DeadLink => Problem::at(
            Code::M0114,
            place,
            "this symbolic link is broken",
            "remove it, or change its target to a file or folder that exists",
        ),
        Node::OutsideLink => Problem::at(
            Code::M0118,
            place,
            "this symbolic link points out of the tree",
            "copy its target into the tree",
        ),
        Node::MisnamedBytes => Problem::at(
            Code::M0117,
            place,
            "this name is not UTF-8",
            "rename it, in lower-case ASCII letters, digits and `_`",
        ),
        Node::Unreadable(why) => unreadable(place, why),
        Node::File(_) | Node::Folder => unreadable(place, "it is of the wrong kind"),
    }
}

fn unreadable(place: Place, why: &str) -> Problem {
    let message = format!("cannot read this: {why}");
    Problem::at(Code::M0116, place, message, "allow the build to read it")
}

fn names_differ(one: NamedScript, other: NamedScript) -> Problem {
    let (up, down) = in_order(one, other);
    let part = if up.file.version != down.file.version {
        format!("version: `{}` and `{}`", up.file.version, down.file.version)
    } else if up.file.uid != down.file.uid {
        format!("uid: `{}` and `{}`", up.file.uid, down.file.uid)
    } else {
        format!("name: `{}` and `{}`", up.file.name, down.file.name)
    };
    Problem::at(
        Code::M0108,
        Place::file(down.path),
        format!("the up script and the down script differ in their {part}"),
        format!(
            "rename one of them, such as to `{}`, which matches the up script",
            up.file.partner()
        ),
    )
}

fn missing_script(script: &NamedScript) -> Problem {
    let partner = script.file.partner();
    let code = match partner.direction {
        Direction::Down => Code::M0104,
        Direction::Up => Code::M0105,
    };
    let kind = partner.direction;
    Problem::at(
        code,
        Place::file(&script.path),
        format!("this migration has no {kind} script"),
        format!("write `{partner}` in the same folder"),
    )
}
