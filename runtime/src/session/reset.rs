//! Resets what a script may have changed in its session.

use super::advisory::LockHolder;

/// The statements that reset everything but advisory locks.
macro_rules! reset {
    () => {
        "SET SESSION AUTHORIZATION DEFAULT;RESET ROLE;RESET ALL;\
         SET standard_conforming_strings = on;\
         CLOSE ALL;UNLISTEN *;DISCARD TEMP;DISCARD SEQUENCES;"
    };
}

/// Releases the session's advisory locks, which outlive a transaction (Postgres's manual,
/// *Advisory Locks*).
macro_rules! unlock {
    () => {
        "SELECT pg_catalog.pg_advisory_unlock_all();"
    };
}

/// Resets what a script may have changed in the session: the role, the settings, cursors,
/// temporary tables, the last values of sequences, and advisory locks.
///
/// `DISCARD ALL` would do the same, but fails inside a transaction. [`forget`] drops prepared
/// statements.
///
/// `standard_conforming_strings` is on, whatever the role's default, so that the server reads
/// each script as the checks did.
pub(crate) const RESET: &str = concat!(reset!(), unlock!());

/// [`RESET`], for a run whose locks this session holds: keeps advisory locks. Those that a script
/// takes are released with the locks of the run.
pub(crate) fn reset(holder: LockHolder) -> &'static str {
    match holder {
        LockHolder::OwnSession => RESET,
        LockHolder::ScriptSession => reset!(),
    }
}

/// Rolls back the transaction of a script that failed. Then releases the session's advisory
/// locks, unless those of the run are among them, and drops prepared statements.
pub(crate) fn rollback(script: &str, holder: LockHolder) -> String {
    let forget = forget(script);
    let unlock = match holder {
        LockHolder::OwnSession => unlock!(),
        LockHolder::ScriptSession => "",
    };
    format!("ROLLBACK;{unlock}{forget}")
}

/// Drops the prepared statements of a script. It runs before a script as well: a pooler may
/// hand over a session in which another run has left some.
///
/// The text is empty if the script does not mention prepared statements. Then any in the session
/// belong to the caller, or to other clients of the same pooler.
pub(crate) fn forget(script: &str) -> &'static str {
    match mentions(script, "prepare") {
        true => "DEALLOCATE ALL;",
        false => "",
    }
}

/// Whether a script may drop prepared statements itself. A function that it calls may do so too.
pub(crate) fn may_deallocate(script: &str) -> bool {
    ["prepare", "deallocate", "discard"]
        .iter()
        .any(|word| mentions(script, word))
}

/// Whether a script contains a word, in upper or lower case.
pub(crate) fn mentions(script: &str, word: &str) -> bool {
    let mut places = script.as_bytes().windows(word.len());
    places.any(|place| place.eq_ignore_ascii_case(word.as_bytes()))
}
