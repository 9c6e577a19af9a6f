//! Reads `services.toml`: the tiers, the services, the settings, and all faults.
//!
//! The code walks the table by hand rather than through serde. So one pass finds
//! every fault with its place, and a crate that embeds a tree builds neither serde
//! nor a derive macro.

mod data;
mod lints;
mod services;
mod settings;
mod table;

use toml::de::DeTable;

use crate::code::Code;
use crate::problem::Problem;

pub(crate) use data::{Entry, Manifest};
pub use services::service_name_fault;
use table::Reader;

/// Reads a manifest. `path` is its name in problems.
pub(crate) fn read(path: &str, text: &str) -> (Manifest, Vec<Problem>) {
    let mut reader = Reader {
        path,
        text,
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    // Report only the first error: it mostly causes the others.
    if let Some(error) = errors.first() {
        let offset = error.span().map_or(0, |span| span.start);
        reader.fault(
            Code::M0301,
            offset,
            format!("the manifest is not TOML: {}", first_line(error.message())),
            "correct the line; the page of M0301 shows a valid manifest",
        );
    }
    let manifest = match errors.is_empty() {
        true => reader.manifest(table.get_ref()),
        false => Manifest::default(),
    };
    (manifest, reader.problems)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
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
        let mut lints = match fields.get("lints") {
            Some(value) => self.lints(value, None),
            None => Vec::new(),
        };
        lints.extend(services.iter().flat_map(|service| service.lints.clone()));
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
}
