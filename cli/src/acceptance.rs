//! Why a difference that `verify` found is no error: a directive of the migration's scripts, or
//! a level in the manifest.

use migrator_model::{Code, Level, Registry};
use migrator_verify::{Proved, Verdict};

/// Why a difference is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// A script of the migration allows it, with this reason.
    ByScript(String),
    /// The manifest allows it.
    ByManifest,
    /// The manifest makes it a warning.
    AsWarning,
}

/// What a verdict is filed under, where it lists differences.
pub(crate) fn code(verdict: &Verdict) -> Option<Code> {
    match verdict {
        Verdict::NotUndone(_) => Some(Code::M0510),
        Verdict::NotRepeated(_) => Some(Code::M0511),
        Verdict::Sound
        | Verdict::Irreversible(_)
        | Verdict::Failed(..)
        | Verdict::Skipped { .. } => None,
    }
}

/// Whether the differences of a migration are accepted.
pub(crate) fn accepted(registry: &Registry, proved: &Proved<'_>) -> Option<Accepted> {
    let code = code(&proved.verdict)?;
    if let Some(reason) = proved.migration.allows(code) {
        return Some(Accepted::ByScript(reason));
    }
    match registry.level(code) {
        Some(Level::Allow) => Some(Accepted::ByManifest),
        Some(Level::Warn) => Some(Accepted::AsWarning),
        Some(Level::Deny) | None => None,
    }
}
