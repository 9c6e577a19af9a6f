//! One service's folder: its files, read and paired.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Place};
use crate::directive::Directives;
use crate::file_name::{Direction, FileName, looks_like_a_script};
use crate::sql;
use crate::tree::{Node, Tree};
use crate::version::Version;

/// A script, read and checked as far as one file can be.
#[derive(Clone, Debug)]
pub(crate) struct ScriptFile {
    pub(crate) file: FileName,
    pub(crate) path: String,
    pub(crate) raw: String,
    /// What is sent: without a byte-order mark, with `\n` line ends.
    pub(crate) sql: String,
    pub(crate) directives: Directives,
}

/// A migration's two scripts.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) service: String,
    pub(crate) up: ScriptFile,
    pub(crate) down: ScriptFile,
}

/// What was found in the folders so far.
#[derive(Default)]
pub(crate) struct Found {
    /// By service, then by version.
    pub(crate) pairs: Vec<Pair>,
    /// Migrations that are there, but of which something was already said.
    pub(crate) at_fault: BTreeSet<(String, Version)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads the folder `directory` below `migrations/` for a service.
pub(crate) fn read(tree: &Tree, service: &str, directory: &str, found: &mut Found) {
    let folder = format!("{}/{directory}", crate::disk::MIGRATIONS);
    let mut listing = Listing::default();
    for (name, node) in tree.children(&folder) {
        let path = tree.display_path(&format!("{folder}/{name}"));
        listing.add(name, path, node, &mut found.diagnostics);
    }
    listing.pair(service, found);
}

/// The files of a folder, sorted out by what they are.
#[derive(Default)]
struct Listing {
    good: BTreeMap<FileName, ScriptFile>,
    /// Well-named files whose content is at fault: their partners are not missing.
    spoilt: Vec<FileName>,
    /// Scripts with a malformed name: they may be the missing half of another.
    misnamed: Vec<String>,
}

impl Listing {
    fn add(&mut self, name: &str, path: String, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let parsed = FileName::parse(name);
        if parsed.is_err() && looks_like_a_script(name) {
            self.misnamed.push(name.to_owned());
        }
        let Some(bytes) = content(&path, node, looks_like_a_script(name), diagnostics) else {
            self.spoilt.extend(parsed);
            return;
        };
        match parsed {
            Ok(file) => match read_script(file.clone(), path, bytes) {
                Ok(script) => {
                    self.good.insert(file, script);
                }
                Err(found) => {
                    diagnostics.extend(found);
                    self.spoilt.push(file);
                }
            },
            Err(_) if !looks_like_a_script(name) => diagnostics.push(Diagnostic::new(
                Code::M0111,
                Place::file(path),
                "this file has no place in the tree",
                "a service's folder holds `.up.sql` and `.down.sql` files and nothing else",
            )),
            Err(faults) => diagnostics.extend(faults.into_iter().map(|fault| {
                Diagnostic::new(fault.code, Place::file(&path), fault.message, fault.help)
            })),
        }
    }

    fn pair(mut self, service: &str, found: &mut Found) {
        let mut pairs = Vec::new();
        let mut single = Vec::new();
        while let Some((file, script)) = self.good.pop_first() {
            match self.good.remove(&file.partner()) {
                Some(partner) => pairs.push(new_pair(service, script, partner)),
                None => single.push(script),
            }
        }
        let at_fault = single.iter().map(|script| &script.file).chain(&self.spoilt);
        let at_fault = at_fault.map(|file| (service.to_owned(), file.version));
        found.at_fault.extend(at_fault);
        self.explain(single, &mut found.diagnostics);
        pairs.sort_by(|a, b| a.up.file.cmp(&b.up.file));
        found.pairs.extend(pairs);
    }

    /// Says of each script without a partner what became of it.
    fn explain(&self, mut single: Vec<ScriptFile>, diagnostics: &mut Vec<Diagnostic>) {
        while let Some(script) = single.pop() {
            let partner = script.file.partner();
            let akin = |other: &FileName| {
                other.direction == partner.direction
                    && (other.version == partner.version || other.uid == partner.uid)
            };
            if self.spoilt.contains(&partner) || self.is_misnamed(&partner) {
                continue;
            }
            match single.iter().position(|other| akin(&other.file)) {
                Some(at) => {
                    let other = single.swap_remove(at);
                    diagnostics.push(halves_differ(&script, &other));
                }
                None => diagnostics.push(missing_half(&script)),
            }
        }
    }

    /// Whether a script with a malformed name may be the one that is looked for.
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

fn new_pair(service: &str, script: ScriptFile, partner: ScriptFile) -> Pair {
    let (up, down) = match script.file.direction {
        Direction::Up => (script, partner),
        Direction::Down => (partner, script),
    };
    Pair {
        service: service.to_owned(),
        up,
        down,
    }
}

/// The bytes of a node that should be a file.
fn content<'a>(
    path: &str,
    node: &'a Node,
    is_script: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a [u8]> {
    let place = Place::file(path);
    diagnostics.push(match node {
        Node::File(bytes) => return Some(bytes),
        Node::Folder if is_script => Diagnostic::new(
            Code::M0115,
            place,
            "a folder stands where a script belongs",
            "remove the folder, or move what it holds",
        ),
        Node::Folder => Diagnostic::new(
            Code::M0111,
            place,
            "this folder has no place in the tree",
            "a service's folder has no folders in it",
        ),
        other @ (Node::DeadLink | Node::Unreadable(_) | Node::MisnamedBytes) => {
            not_to_be_had(place, other)
        }
    });
    None
}

/// A diagnostic on a node of which there is nothing to read.
pub(crate) fn not_to_be_had(place: Place, node: &Node) -> Diagnostic {
    match node {
        Node::DeadLink => Diagnostic::new(
            Code::M0114,
            place,
            "this link leads nowhere",
            "remove it, or point it to a file that exists",
        ),
        Node::MisnamedBytes => Diagnostic::new(
            Code::M0117,
            place,
            "this name is not UTF-8",
            "rename it, in lower-case ASCII letters, digits and `_`",
        ),
        Node::Unreadable(why) => unreadable(place, why),
        Node::File(_) | Node::Folder => unreadable(place, "it is of the wrong kind"),
    }
}

fn unreadable(place: Place, why: &str) -> Diagnostic {
    let message = format!("this cannot be read: {why}");
    Diagnostic::new(
        Code::M0116,
        place,
        message,
        "make it readable for the build",
    )
}

fn read_script(file: FileName, path: String, bytes: &[u8]) -> Result<ScriptFile, Vec<Diagnostic>> {
    let raw = match std::str::from_utf8(bytes) {
        Ok(raw) => raw.to_owned(),
        Err(error) => return Err(vec![not_utf8(&path, bytes, error.valid_up_to())]),
    };
    let sql = sql::normalise(&raw).into_owned();
    let mut diagnostics = content_faults(&path, &sql);
    let directives = Directives::read(&sql, file.direction).unwrap_or_else(|faults| {
        diagnostics.extend(faults.into_iter().map(|fault| {
            let mut place = Place::file(&path);
            place.position = Some(fault.position);
            Diagnostic::new(fault.code, place, fault.message, fault.help)
        }));
        Directives::default()
    });
    match diagnostics.is_empty() {
        true => Ok(ScriptFile {
            file,
            path,
            raw,
            sql,
            directives,
        }),
        false => Err(diagnostics),
    }
}

fn not_utf8(path: &str, bytes: &[u8], offset: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(&bytes[..offset]);
    let byte = bytes.get(offset).copied().unwrap_or_default();
    Diagnostic::new(
        Code::M0201,
        Place::within(path, &before, offset),
        format!("the byte 0x{byte:02x} is not UTF-8"),
        "save the file as UTF-8",
    )
}

fn content_faults(path: &str, sql: &str) -> Vec<Diagnostic> {
    let place = |offset| Place::within(path, sql, offset);
    if let Some(offset) = sql.find('\0') {
        return vec![Diagnostic::new(
            Code::M0202,
            place(offset),
            "the script holds a NUL byte",
            "remove it: Postgres takes none",
        )];
    }
    if let Some((what, offset)) = sql::tokens(sql)
        .into_iter()
        .find_map(|token| Some((token.open?, token.range.start)))
    {
        return vec![Diagnostic::new(
            Code::M0207,
            place(offset),
            format!("this {what} is not closed before the end of the script"),
            "close it",
        )];
    }
    if sql::statements(sql).is_empty() {
        return vec![Diagnostic::new(
            Code::M0203,
            Place::file(path),
            "the script holds no statement",
            "write what it does; where there is nothing to do, `SELECT 1;` says so",
        )];
    }
    Vec::new()
}

fn halves_differ(one: &ScriptFile, other: &ScriptFile) -> Diagnostic {
    let (up, down) = match one.file.direction {
        Direction::Up => (one, other),
        Direction::Down => (other, one),
    };
    let part = if up.file.version != down.file.version {
        format!("version: `{}` and `{}`", up.file.version, down.file.version)
    } else if up.file.uid != down.file.uid {
        format!("uid: `{}` and `{}`", up.file.uid, down.file.uid)
    } else {
        format!("name: `{}` and `{}`", up.file.name, down.file.name)
    };
    Diagnostic::new(
        Code::M0108,
        Place::file(&down.path),
        format!("the up and the down script differ in their {part}"),
        format!(
            "rename one; to the up script belongs `{}`",
            up.file.partner()
        ),
    )
}

fn missing_half(script: &ScriptFile) -> Diagnostic {
    let partner = script.file.partner();
    let (code, kind) = match partner.direction {
        Direction::Down => (Code::M0104, "down"),
        Direction::Up => (Code::M0105, "up"),
    };
    Diagnostic::new(
        code,
        Place::file(&script.path),
        format!("this migration has no {kind} script: `{partner}` is missing"),
        format!("write `{partner}` beside it: every migration has an up and a down"),
    )
}
