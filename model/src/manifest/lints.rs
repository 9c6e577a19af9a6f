//! Reads the levels of lints: `[lints]`, `[services.NAME.lints]`, and the table `before` in each.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::Reader;
use crate::code::{Code, Level};
use crate::levels::LintLevel;
use crate::version::Version;

/// The table with the levels for earlier migrations.
const BEFORE: &str = "before";

/// The version before which the levels in `before` are valid.
const VERSION: &str = "version";

/// Which migrations the levels of a table are for.
#[derive(Clone, Copy)]
struct Scope<'a> {
    service: Option<&'a str>,
    before: Option<Version>,
}

impl Reader<'_> {
    /// The levels of lints for all services, or for one.
    pub(super) fn lints(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        service: Option<&str>,
    ) -> Vec<LintLevel> {
        let name = match service {
            Some(service) => format!("services.{service}.lints"),
            None => "lints".to_owned(),
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(&name, "a table of codes and levels", value);
            return Vec::new();
        };
        let scope = Scope {
            service,
            before: None,
        };
        let mut levels = self.levels(table, BEFORE, scope);
        if let Some(value) = table.get(BEFORE) {
            levels.extend(self.earlier(value, &format!("{name}.{BEFORE}"), scope));
        }
        levels
    }

    /// The levels for migrations before a version.
    fn earlier(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        name: &str,
        scope: Scope<'_>,
    ) -> Vec<LintLevel> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(name, "a table with a version, codes and levels", value);
            return Vec::new();
        };
        let version = match table.get(VERSION) {
            Some(value) => self.earliest(value),
            None => {
                let message = format!("`[{name}]` has no `{VERSION}`");
                let help =
                    "add `version = \"…\"`: its levels are for migrations before that version";
                self.fault(Code::M0313, value.span().start, message, help);
                None
            }
        };
        let scope = Scope {
            before: version,
            ..scope
        };
        let levels = self.levels(table, VERSION, scope);
        // Without the version, the levels would be for all migrations.
        version.map(|_| levels).unwrap_or_default()
    }

    fn earliest(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Version> {
        let (text, offset) = self.string(value, VERSION)?;
        match Version::parse(&text) {
            Ok(version) => Some(version),
            Err(fault) => {
                let message = format!("`{text}` is not a version: {fault}");
                let help = "write the 14 digits of a UTC time, such as \"20260101000000\"";
                self.fault(Code::M0313, offset, message, help);
                None
            }
        }
    }

    /// The codes and levels of a table. `other` is its only key that is no code.
    fn levels(&mut self, table: &DeTable<'_>, other: &str, scope: Scope<'_>) -> Vec<LintLevel> {
        let mut levels = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == other {
                continue;
            }
            let code = Code::find(name).filter(|code| code.level().is_some());
            let level = value.get_ref().as_str().and_then(Level::find);
            let (offset, message, help) = match (code, level) {
                (Some(code), Some(level)) => {
                    levels.push(LintLevel {
                        code,
                        level,
                        service: scope.service.map(str::to_owned),
                        before: scope.before,
                    });
                    continue;
                }
                (None, _) => (
                    key.span().start,
                    format!("`{name}` is not the code of a lint"),
                    "only lints have a level; the page of a code says whether it is a lint",
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
}
