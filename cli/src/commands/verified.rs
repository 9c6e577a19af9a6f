//! `check --verified`: reads the JSON document of `verify`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use migrator_model::{Code, LockMode, Registry};
use serde::Deserialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Fingerprints, NewMigration, Verification};

/// What a document of `verify` says, by service and version.
#[derive(Debug, Default)]
pub(super) struct Verified(HashMap<(String, String), Entry>);

#[derive(Debug, Deserialize)]
struct Document {
    migrations: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    service: String,
    version: String,
    verdict: String,
    fingerprints: Fingerprints,
    accepted: Option<serde::de::IgnoredAny>,
    locks: Option<Vec<Lock>>,
}

#[derive(Debug, Deserialize)]
struct Lock {
    object: String,
    mode: String,
}

impl Verified {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Verified, Failure> {
        let failure = |cause: String| {
            let message = format!("`{}` is no document of `verify`", path.display());
            let help = "write the file with `migrator verify --output=json`";
            Failure::new(Code::M0237, Exit::Usage, message, help).because(cause)
        };
        let text = fs::read_to_string(path).map_err(|error| failure(error.to_string()))?;
        parse(&text).map_err(|error| failure(error.to_string()))
    }

    /// Adds to each new migration what the document says about it.
    pub(super) fn add_to(&self, new: &mut [NewMigration], registry: &Registry) {
        for one in new {
            let key = (one.id.service.to_string(), one.id.version.to_string());
            let migration = registry.migration(&one.id.service, one.id.version);
            if let Some((entry, migration)) = self.0.get(&key).zip(migration) {
                entry.add_to(one, &Fingerprints::of(migration));
            }
        }
    }
}

impl Entry {
    fn add_to(&self, new: &mut NewMigration, fingerprints: &Fingerprints) {
        if self.fingerprints != *fingerprints {
            new.verified = Verification::OtherScripts;
            return;
        }
        new.verified = Verification::Found {
            verdict: self.verdict.clone(),
            is_accepted: self.accepted.is_some(),
        };
        let locks = self.locks.iter().flatten();
        let locks = locks.filter_map(|one| Some((table(&one.object)?, LockMode::find(&one.mode)?)));
        new.measured = locks.collect();
    }
}

fn parse(text: &str) -> Result<Verified, serde_json::Error> {
    let document: Document = serde_json::from_str(text)?;
    let entries = document.migrations.into_iter();
    let entries = entries.map(|entry| ((entry.service.clone(), entry.version.clone()), entry));
    Ok(Verified(entries.collect()))
}

/// The table in `table tenant."Odd one"`, as the analysis names it.
fn table(object: &str) -> Option<String> {
    let kinds = ["table ", "view ", "materialised view ", "foreign table "];
    let name = kinds.iter().find_map(|kind| object.strip_prefix(kind))?;
    let name = name.strip_prefix("public.").unwrap_or(name);
    match name.split_once('"') {
        None => Some(name.to_owned()),
        // The only quotes are those around the name or the schema.
        Some(_) => Some(name.replace('"', "")),
    }
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_measured_table_has_the_name_that_the_analysis_gives_it() {
        let named = |object| table(object).unwrap_or_default();
        assert_eq!(named("table public.orders"), "orders");
        assert_eq!(named("view tenant.v"), "tenant.v");
        assert_eq!(named("table shop.\"Odd one\""), "shop.Odd one");
        assert_eq!(named("sequence shop.s"), "");
    }
}
