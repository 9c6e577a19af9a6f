//! The levels of lints that the manifest sets, and which of them is for a migration.

use crate::code::{Code, Level};
use crate::version::Version;

/// A level that the manifest sets for a lint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintLevel {
    /// The lint.
    pub code: Code,
    /// Its level.
    pub level: Level,
    /// The service whose migrations have this level; `None` for all services.
    pub service: Option<String>,
    /// Only migrations with an earlier version have this level; `None` for all versions.
    pub before: Option<Version>,
}

impl LintLevel {
    fn is_of(&self, service: &str, version: Version) -> bool {
        let is_of_service = self.service.as_ref().is_none_or(|own| own == service);
        is_of_service && self.before.is_none_or(|before| version < before)
    }
}

/// The level of a lint in a migration: the most specific one in the manifest, or else the default.
///
/// A level for a service is more specific than one for all services. Among these, a level for
/// earlier versions is more specific than one for all versions.
#[must_use]
pub fn level_of(
    levels: impl IntoIterator<Item = LintLevel>,
    code: Code,
    service: &str,
    version: Version,
) -> Option<Level> {
    let levels = levels.into_iter().filter(|one| one.code == code);
    let most_specific = levels
        .filter(|one| one.is_of(service, version))
        .max_by_key(|one| (one.service.is_some(), one.before.is_some()));
    most_specific.map(|one| one.level).or(code.level())
}
