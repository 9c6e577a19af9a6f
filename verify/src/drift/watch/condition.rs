//! The conditions of PL/pgSQL that a server raises because a role lacks a right.
//!
//! The scripts of a watched history run without superuser rights, behind a password and within a
//! time limit. So the server may refuse what the live server has done. A condition that says
//! nothing about rights, logins or limits, such as `duplicate_object`, is no refusal: the live
//! server has raised it as well.

/// The names of the conditions that may be a refusal (Postgres's `errcodes.txt`).
const NAMES: &[&str] = &[
    "others",
    // 08
    "connection_exception",
    "connection_does_not_exist",
    "connection_failure",
    "sqlclient_unable_to_establish_sqlconnection",
    "sqlserver_rejected_establishment_of_sqlconnection",
    "transaction_resolution_unknown",
    "protocol_violation",
    // 0L, 0P
    "invalid_grantor",
    "invalid_grant_operation",
    "invalid_role_specification",
    // 28
    "invalid_authorization_specification",
    "invalid_password",
    // 2F, 38
    "sql_routine_exception",
    "external_routine_exception",
    "containing_sql_not_permitted",
    "modifying_sql_data_not_permitted",
    "prohibited_sql_statement_attempted",
    "reading_sql_data_not_permitted",
    // 42000 is the whole class 42.
    "syntax_error_or_access_rule_violation",
    "insufficient_privilege",
    // 53
    "insufficient_resources",
    "disk_full",
    "out_of_memory",
    "too_many_connections",
    "configuration_limit_exceeded",
    // 57
    "operator_intervention",
    "query_canceled",
    "admin_shutdown",
    "crash_shutdown",
    "cannot_connect_now",
    "database_dropped",
    "idle_session_timeout",
    // 58
    "system_error",
    "io_error",
    // XX
    "internal_error",
    "data_corrupted",
    "index_corrupted",
];

/// The classes of those SQLSTATEs, and single ones of other classes.
const STATES: &[&str] = &[
    "08", "0L", "0P", "28", "2F", "38", "42000", "42501", "53", "57", "58000", "58030", "XX",
];

/// Whether a handler of this condition may catch a refusal.
pub(super) fn catches_refusal(name: &str) -> bool {
    NAMES.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Whether an error with this SQLSTATE may be a refusal, or a handler of this SQLSTATE may catch
/// one.
pub(super) fn is_refusal(state: &str) -> bool {
    STATES.iter().any(|one| state.starts_with(one))
}

#[cfg(test)]
mod tests {
    use super::{catches_refusal, is_refusal};

    #[test]
    fn a_lack_of_rights_is_a_refusal_and_an_object_that_exists_is_not() {
        for name in [
            "others",
            "OTHERS",
            "Insufficient_Privilege",
            "query_canceled",
        ] {
            assert!(catches_refusal(name), "{name}");
        }
        for name in ["duplicate_object", "undefined_table", "raise_exception"] {
            assert!(!catches_refusal(name), "{name}");
        }
        for state in ["42501", "42000", "28P01", "57014", "2F003"] {
            assert!(is_refusal(state), "{state}");
        }
        for state in ["42710", "42P07", "23505", "P0001", "58P01"] {
            assert!(!is_refusal(state), "{state}");
        }
    }
}
