//! Reads tables, strings and arrays of the manifest, and collects the faults.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::code::Code;
use crate::nearest::{nearest, suggestion};
use crate::place::Place;
use crate::problem::Problem;

pub(super) struct Reader<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) problems: Vec<Problem>,
}

/// The values of a table by key.
pub(super) struct Fields<'a, 'i> {
    pub(super) known: BTreeMap<&'a str, &'a Spanned<DeValue<'i>>>,
    /// Known keys that are missing, and similar to an unknown key.
    pub(super) misspelt: Vec<&'static str>,
}

impl<'a, 'i> Fields<'a, 'i> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.get(key).copied()
    }
}

impl Reader<'_> {
    /// Splits a table into its fields. An unknown key is a fault.
    pub(super) fn fields<'a, 'i>(
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

    pub(super) fn required(
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

    pub(super) fn string(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Option<(String, usize)> {
        match value.get_ref().as_str() {
            Some(text) => Some((text.to_owned(), value.span().start)),
            None => {
                self.wrong_type(key, "a string", value);
                None
            }
        }
    }

    pub(super) fn strings(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Vec<(String, usize)> {
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

    pub(super) fn wrong_type(&mut self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) {
        let Range { start, .. } = value.span();
        let found = value.get_ref().type_str();
        let message = format!("`{key}` is of type {found}");
        self.fault(Code::M0302, start, message, &format!("make it {wanted}"));
    }

    pub(super) fn fault(&mut self, code: Code, offset: usize, message: String, help: &str) {
        let place = Place::within(self.path, self.text, offset);
        self.problems.push(Problem::at(code, place, message, help));
    }
}
