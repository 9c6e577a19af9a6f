//! `services.toml`: the tiers and the services, read with all that is wrong in it.
//!
//! The table is walked by hand rather than through serde, so that every fault
//! is found in one pass, each with its place; and so that neither serde nor a
//! derive macro burdens the crates that embed a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::code::{Code, Level};
use crate::diagnostic::{Diagnostic, Place};
use crate::file_name::snake_case_fault;
use crate::nearest::{nearest, suggestion};

/// The longest name of a service: `<service>_history` must fit into Postgres's 63 bytes.
const LONGEST_NAME: usize = 48;

/// The manifest, as far as it could be made sense of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) tiers: Vec<String>,
    pub(crate) services: Vec<Entry>,
    /// Whether there can be no other services than these. If not, one that is
    /// not found may be hidden by a fault that is already reported.
    pub(crate) is_complete: bool,
    /// The levels of lints that differ from their own.
    pub(crate) lints: BTreeMap<Code, Level>,
    /// The patterns of objects that `drift` leaves out.
    pub(crate) left_out: Vec<String>,
    /// The roles that `verify` makes on its own server.
    pub(crate) roles: Vec<String>,
}

/// The longest name that Postgres takes, in bytes (`NAMEDATALEN`).
const LONGEST_ROLE: usize = 63;

/// Whether Postgres keeps a role's name for itself (`IsReservedName`, `get_rolespec_name`).
fn is_reserved(role: &str) -> bool {
    role.starts_with("pg_") || ["public", "none"].contains(&role)
}

/// A service's table; what it names is not looked up yet.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) tier: Option<usize>,
    pub(crate) directory: Option<(String, usize)>,
    pub(crate) depends_on: Vec<(String, usize)>,
    pub(crate) description: String,
    /// Where its name stands in the manifest.
    pub(crate) offset: usize,
}

impl Entry {
    /// A service of which only the name is known.
    fn unknown(name: &str, offset: usize) -> Entry {
        Entry {
            name: name.to_owned(),
            tier: None,
            directory: None,
            depends_on: Vec::new(),
            description: String::new(),
            offset,
        }
    }
}

impl Manifest {
    /// Whether a folder that no service names is truly no service's.
    pub(crate) fn names_all_folders(&self) -> bool {
        self.is_complete && self.services.iter().all(|entry| entry.directory.is_some())
    }
}

/// Why a text cannot be the name of a service, if it cannot.
#[must_use]
pub fn service_name_fault(name: &str) -> Option<String> {
    if name == "all" {
        return Some("`all` means every service".to_owned());
    }
    if name.len() > LONGEST_NAME {
        return Some(format!("it is longer than {LONGEST_NAME} characters"));
    }
    snake_case_fault(name)
}

/// Reads a manifest; `path` is how diagnostics name it.
pub(crate) fn read(path: &str, text: &str) -> (Manifest, Vec<Diagnostic>) {
    let mut reader = Reader {
        path,
        text,
        diagnostics: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    // Only the first: the others mostly follow from it.
    if let Some(error) = errors.first() {
        let offset = error.span().map_or(0, |span| span.start);
        reader.fault(
            Code::M0301,
            offset,
            format!("the manifest is not TOML: {}", first_line(error.message())),
            "correct the line; `migrator explain M0301` shows a valid manifest",
        );
    }
    let manifest = match errors.is_empty() {
        true => reader.manifest(table.get_ref()),
        false => Manifest::default(),
    };
    (manifest, reader.diagnostics)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
}

/// The values of a table by key.
struct Fields<'a, 'i> {
    known: BTreeMap<&'a str, &'a Spanned<DeValue<'i>>>,
    /// Keys that may have been meant by keys that are not known.
    misspelt: Vec<&'static str>,
}

impl<'a, 'i> Fields<'a, 'i> {
    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.get(key).copied()
    }
}

impl Reader<'_> {
    fn manifest(&mut self, table: &DeTable<'_>) -> Manifest {
        let fields = self.fields(
            table,
            "the manifest",
            &["tiers", "services", "lints", "drift", "verify"],
        );
        let mut is_complete = fields.known.len() == table.len();
        let tiers = self.tiers(&fields);
        let mut services = match fields.get("services") {
            Some(value) => self.services(value, tiers.as_deref(), &mut is_complete),
            None => Vec::new(),
        };
        self.check_directories(&mut services);
        let lints = match fields.get("lints") {
            Some(value) => self.lints(value),
            None => BTreeMap::new(),
        };
        let left_out = match fields.get("drift") {
            Some(value) => self.left_out(value),
            None => Vec::new(),
        };
        let roles = match fields.get("verify") {
            Some(value) => self.roles(value),
            None => Vec::new(),
        };
        Manifest {
            lints,
            left_out,
            roles,
            tiers: tiers.unwrap_or_default(),
            services,
            is_complete,
        }
    }

    /// The levels of lints, by code.
    fn lints(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<Code, Level> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("lints", "a table of codes and levels", value);
            return BTreeMap::new();
        };
        let mut levels = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let code = Code::find(name).filter(|code| code.level().is_some());
            let level = value.get_ref().as_str().and_then(Level::find);
            let (offset, message, help) = match (code, level) {
                (Some(code), Some(level)) => {
                    levels.insert(code, level);
                    continue;
                }
                (None, _) => (
                    key.span().start,
                    format!("`{name}` is not the code of a lint"),
                    "only lints have a level; `migrator explain CODE` shows whether a code is a lint",
                ),
                (Some(code), None) => (
                    value.span().start,
                    format!("the level of `{code}` is unknown"),
                    "write \"allow\", \"warn\" or \"deny\"",
                ),
            };
            self.fault(Code::M0313, offset, message, help);
        }
        levels
    }

    /// What `drift` leaves out.
    fn left_out(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("drift", "a table with the key `leave_out`", value);
            return Vec::new();
        };
        let fields = self.fields(table, "`[drift]`", &["leave_out"]);
        let patterns = match fields.get("leave_out") {
            Some(value) => self.strings(value, "leave_out"),
            None => Vec::new(),
        };
        for (pattern, offset) in &patterns {
            if pattern.trim().is_empty() {
                let message = "a pattern of `leave_out` is empty".to_owned();
                let help = "write the name of an object, such as \"table public.jobs\"; `*` \
                            stands for any characters";
                self.fault(Code::M0314, *offset, message, help);
            }
        }
        patterns.into_iter().map(|(pattern, _)| pattern).collect()
    }

    /// The roles that others make, for `verify`.
    fn roles(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("verify", "a table with the key `roles`", value);
            return Vec::new();
        };
        let fields = self.fields(table, "`[verify]`", &["roles"]);
        let roles = match fields.get("roles") {
            Some(value) => self.strings(value, "roles"),
            None => Vec::new(),
        };
        for (role, offset) in &roles {
            if role.is_empty() || role.len() > LONGEST_ROLE || is_reserved(role) {
                let message = format!("`{role}` cannot be the name of a role");
                let help = "write the name as in `CREATE ROLE`, without quotes: 1 to 63 bytes, \
                            not `public` or `none`, and not starting with `pg_`";
                self.fault(Code::M0302, *offset, message, help);
            }
        }
        roles.into_iter().map(|(role, _)| role).collect()
    }

    /// The tiers, unless something is wrong with them: then none is looked up there.
    fn tiers(&mut self, fields: &Fields<'_, '_>) -> Option<Vec<String>> {
        let before = self.diagnostics.len();
        let tiers = match fields.get("tiers") {
            Some(value) => self.strings(value, "tiers"),
            None if fields.misspelt.contains(&"tiers") => return None,
            None => {
                let message = "the manifest has no `tiers`";
                let help =
                    "write `tiers = [\"…\", …]` at its start, in the order in which the tiers run";
                self.fault(Code::M0302, 0, message.to_owned(), help);
                return None;
            }
        };
        self.check_tiers(&tiers);
        let is_sound = self.diagnostics.len() == before;
        is_sound.then(|| tiers.into_iter().map(|(name, _)| name).collect())
    }

    fn check_tiers(&mut self, tiers: &[(String, usize)]) {
        for (index, (name, offset)) in tiers.iter().enumerate() {
            let message = if name.trim().is_empty() {
                "a tier's name is empty".to_owned()
            } else if tiers[..index].iter().any(|(other, _)| other == name) {
                format!("the tier `{name}` appears twice")
            } else {
                continue;
            };
            self.fault(
                Code::M0303,
                *offset,
                message,
                "give each tier a different name",
            );
        }
    }

    fn services(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        tiers: Option<&[String]>,
        is_complete: &mut bool,
    ) -> Vec<Entry> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("services", "a table for each service", value);
            *is_complete = false;
            return Vec::new();
        };
        let mut services = Vec::new();
        for (key, value) in table {
            let (name, offset) = (key.get_ref().as_ref(), key.span().start);
            if let Some(fault) = service_name_fault(name) {
                let message = match name {
                    "" => "a service's name is empty".to_owned(),
                    name => format!("`{name}` is not a service's name: {fault}"),
                };
                let help = "name it in lower snake case, such as `tenant`";
                self.fault(Code::M0308, offset, message, help);
                *is_complete = false;
            }
            services.push(match value.get_ref().as_table() {
                Some(table) => self.service(name, offset, table, tiers),
                None => {
                    self.wrong_type(&format!("services.{name}"), "a table", value);
                    Entry::unknown(name, offset)
                }
            });
        }
        services.sort_by_key(|service| service.offset);
        services
    }

    fn service(
        &mut self,
        name: &str,
        offset: usize,
        table: &DeTable<'_>,
        tiers: Option<&[String]>,
    ) -> Entry {
        const KEYS: [&str; 4] = ["tier", "directory", "depends_on", "description"];
        let owner = format!("the service `{name}`");
        let fields = self.fields(table, &owner, &KEYS);
        let tier = self
            .required(&fields, "tier", name, offset)
            .and_then(|(tier, at)| self.tier(name, &tier, at, tiers?));
        let directory = self
            .required(&fields, "directory", name, offset)
            .and_then(|(directory, at)| self.directory(name, directory, at));
        let depends_on = match fields.get("depends_on") {
            Some(value) => self.strings(value, "depends_on"),
            None => Vec::new(),
        };
        let description = match fields.get("description") {
            Some(value) => self.string(value, "description").map(|(text, _)| text),
            None => None,
        };
        Entry {
            tier,
            directory,
            depends_on,
            description: description.unwrap_or_default(),
            ..Entry::unknown(name, offset)
        }
    }

    fn tier(&mut self, service: &str, tier: &str, at: usize, tiers: &[String]) -> Option<usize> {
        let number = tiers.iter().position(|name| name == tier);
        if number.is_none() {
            let message = if tier.trim().is_empty() {
                format!("the tier of the service `{service}` is empty")
            } else {
                format!("`{tier}`, the tier of the service `{service}`, is not in `tiers`")
            };
            let help = suggestion(tier, "tier", tiers.iter().map(String::as_str));
            self.fault(Code::M0304, at, message, &help);
        }
        number
    }

    fn directory(
        &mut self,
        service: &str,
        directory: String,
        at: usize,
    ) -> Option<(String, usize)> {
        let plain = !directory.is_empty()
            && !directory.starts_with('.')
            && directory
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if plain {
            return Some((directory, at));
        }
        let message = match directory.as_str() {
            "" => format!("the directory of the service `{service}` is empty"),
            directory => format!("`{directory}` is not a directory for the service `{service}`"),
        };
        let help = "name one folder below `migrations/`, in letters, digits, `_`, `-` and `.`";
        self.fault(Code::M0309, at, message, help);
        None
    }

    /// Takes a directory from all services that share it: whose its migrations are, is not known.
    fn check_directories(&mut self, services: &mut [Entry]) {
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for service in services.iter() {
            let (Some((directory, at)), name) = (&service.directory, &service.name) else {
                continue;
            };
            let Some(owner) = owners.get(directory) else {
                owners.insert(directory.clone(), name.clone());
                continue;
            };
            let message = format!("`{owner}` and `{name}` have the same directory, `{directory}`");
            let help = "give each service a different folder";
            self.fault(Code::M0309, *at, message, help);
            shared.insert(directory.clone());
        }
        for service in services {
            service
                .directory
                .take_if(|(directory, _)| shared.contains(directory));
        }
    }

    /// Splits a table into its fields; a key that is not known is a fault.
    fn fields<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        owner: &str,
        known: &[&'static str],
    ) -> Fields<'a, 'i> {
        let mut fields = Fields {
            known: BTreeMap::new(),
            misspelt: Vec::new(),
        };
        for (key, value) in table {
            let (name, offset) = (key.get_ref().as_ref(), key.span().start);
            if known.contains(&name) {
                fields.known.insert(name, value);
            } else {
                let free = known.iter().filter(|key| !table.contains_key(**key));
                fields
                    .misspelt
                    .extend(free.filter(|key| nearest(name, [**key]).is_some()));
                let message = format!("`{name}` is not a key of {owner}");
                let help = suggestion(name, "key", known.iter().copied());
                self.fault(Code::M0302, offset, message, &help);
            }
        }
        fields
    }

    fn required(
        &mut self,
        fields: &Fields<'_, '_>,
        key: &str,
        service: &str,
        offset: usize,
    ) -> Option<(String, usize)> {
        if let Some(value) = fields.get(key) {
            return self.string(value, key);
        }
        if fields.misspelt.contains(&key) {
            return None;
        }
        let message = format!("the service `{service}` has no `{key}`");
        let help = format!("add `{key} = \"…\"` to `[services.{service}]`");
        self.fault(Code::M0302, offset, message, &help);
        None
    }

    fn string(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<(String, usize)> {
        match value.get_ref().as_str() {
            Some(text) => Some((text.to_owned(), value.span().start)),
            None => {
                self.wrong_type(key, "a string", value);
                None
            }
        }
    }

    fn strings(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Vec<(String, usize)> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, "an array of strings", value);
            return Vec::new();
        };
        let mut strings = Vec::new();
        for (index, element) in array.iter().enumerate() {
            strings.extend(self.string(element, &format!("{key}[{index}]")));
        }
        strings
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) {
        let Range { start, .. } = value.span();
        let found = value.get_ref().type_str();
        let message = format!("`{key}` is of type {found}");
        self.fault(Code::M0302, start, message, &format!("make it {wanted}"));
    }

    fn fault(&mut self, code: Code, offset: usize, message: String, help: &str) {
        let place = Place::within(self.path, self.text, offset);
        self.diagnostics
            .push(Diagnostic::new(code, place, message, help));
    }
}
