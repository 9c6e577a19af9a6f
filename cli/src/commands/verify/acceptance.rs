//! Whether a difference that `verify` found is accepted: by a directive in one of the migration's
//! scripts, or by a level in the manifest.

use migrator_model::{Code, Level, Registry};
use migrator_verify::{Proved, Verdict};

use crate::view::{Accepted, AcceptedLevel};

/// Who accepts the differences of a migration, if somebody does.
pub(super) fn accepted(registry: &Registry, proved: &Proved<'_>) -> Option<Accepted> {
    let code = match &proved.verdict {
        Verdict::NotUndone(_) => Code::M0510,
        Verdict::NotRepeated(_) => Code::M0511,
        Verdict::Sound
        | Verdict::Irreversible(_)
        | Verdict::Failed(..)
        | Verdict::Skipped { .. } => return None,
    };
    if let Some(reason) = proved.migration.allows(code) {
        return Some(Accepted::Script { reason });
    }
    let level = match registry.level(code, proved.migration)? {
        Level::Allow => AcceptedLevel::Allow,
        Level::Warn => AcceptedLevel::Warn,
        Level::Deny => return None,
    };
    Some(Accepted::Manifest { level })
}
