//! Takes back what a script may have left in its session.

/// Takes back what a script may have left in the session: the role, the
/// settings, cursors, temporary tables, sequences' last values, advisory locks.
///
/// `DISCARD ALL` would do it, but is refused inside a transaction. What is prepared
/// is left to [`forget`].
///
/// `standard_conforming_strings` is on whatever the role's default: so every
/// script is read as it was checked.
pub(crate) const RESET: &str = "SET SESSION AUTHORIZATION DEFAULT;RESET ROLE;RESET ALL;\
                     SET standard_conforming_strings = on;\
                     CLOSE ALL;UNLISTEN *;DISCARD TEMP;DISCARD SEQUENCES;\
                     SELECT pg_catalog.pg_advisory_unlock_all();";

/// Ends the transaction of a script that failed, and takes back what outlives it: locks
/// of the session (Postgres's manual, *Advisory Locks*) and what was prepared.
pub(crate) fn rollback(script: &str) -> String {
    let forget = forget(script);
    format!("ROLLBACK;SELECT pg_catalog.pg_advisory_unlock_all();{forget}")
}

/// Takes back the statements that a script prepares. It is sent before a script as well:
/// a pooler may hand it a session in which another run has left some.
///
/// Only where a script speaks of such. What else is prepared in the session is the
/// caller's, or that of others who have it from the same pooler.
pub(crate) fn forget(script: &str) -> &'static str {
    let word = b"prepare";
    let mut places = script.as_bytes().windows(word.len());
    match places.any(|place| place.eq_ignore_ascii_case(word)) {
        true => "DEALLOCATE ALL;",
        false => "",
    }
}
