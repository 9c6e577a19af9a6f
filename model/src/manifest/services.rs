//! Reads the tiers and the tables of the services.

use crate::small;
use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::data::Entry;
use super::table::{Fields, Reader};
use crate::code::Code;
use crate::file_name::snake_case_fault;
use crate::nearest::suggestion;

/// The longest name of a service. `<service>_history` must not be longer than Postgres's 63 bytes.
const LONGEST_NAME: usize = 48;

/// Why a text cannot be the name of a service; `None` if it can.
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

impl Reader<'_> {
    /// Returns the tiers; `None` if they have a fault, so that no service's tier is checked.
    pub(super) fn tiers(&mut self, fields: &Fields<'_, '_>) -> Option<Vec<String>> {
        let before = self.problems.len();
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
        let is_sound = self.problems.len() == before;
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

    pub(super) fn services(
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
        small::sort_by(&mut services, |a, b| a.offset.cmp(&b.offset));
        services
    }

    fn service(
        &mut self,
        name: &str,
        offset: usize,
        table: &DeTable<'_>,
        tiers: Option<&[String]>,
    ) -> Entry {
        const KEYS: [&str; 5] = ["tier", "directory", "depends_on", "description", "lints"];
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
        let lints = match fields.get("lints") {
            Some(value) => self.lints(value, Some(name)),
            None => Vec::new(),
        };
        Entry {
            tier,
            directory,
            depends_on,
            description: description.unwrap_or_default(),
            lints,
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

    /// Removes a directory from all services that share it, because its migrations have no clear owner.
    pub(super) fn check_directories(&mut self, services: &mut [Entry]) {
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
}
