//! Tables of statements, by the locks that they take.

use migrator_model::LockMode;

use crate::parse::Kind;

/// Statements that lock the first table that they name.
pub(super) const ON_TABLE: [(Kind, LockMode); 10] = [
    (Kind::ALTER_FOREIGN_TABLE, LockMode::AccessExclusive),
    (Kind::ALTER_POLICY, LockMode::AccessExclusive),
    (Kind::ALTER_TRIGGER, LockMode::AccessExclusive),
    (Kind::CREATE_POLICY, LockMode::AccessExclusive),
    (Kind::CREATE_RULE, LockMode::AccessExclusive),
    (Kind::CREATE_STATISTICS, LockMode::ShareUpdateExclusive),
    (Kind::CREATE_TRIGGER, LockMode::ShareRowExclusive),
    (Kind::DROP_POLICY, LockMode::AccessExclusive),
    (Kind::DROP_RULE, LockMode::AccessExclusive),
    (Kind::DROP_TRIGGER, LockMode::AccessExclusive),
];

/// Statements on views, which have locks of their own above.
pub(super) const ON_VIEW: [Kind; 4] = [
    Kind::ALTER_MATERIALIZED_VIEW,
    Kind::ALTER_VIEW,
    Kind::DROP_MATERIALIZED_VIEW,
    Kind::DROP_VIEW,
];

/// Statements of a CREATE SCHEMA.
pub(super) const CREATES: [Kind; 4] = [
    Kind::CREATE_INDEX,
    Kind::CREATE_TABLE,
    Kind::CREATE_TRIGGER,
    Kind::CREATE_VIEW,
];

/// DROP statements that lock no table, unless they cascade.
pub(super) const DROPS_NO_TABLE: [Kind; 14] = [
    Kind::DROP_AGGREGATE,
    Kind::DROP_CAST,
    Kind::DROP_COLLATION,
    Kind::DROP_DOMAIN,
    Kind::DROP_FUNCTION,
    Kind::DROP_GROUP,
    Kind::DROP_OPERATOR,
    Kind::DROP_PROCEDURE,
    Kind::DROP_ROLE,
    Kind::DROP_ROUTINE,
    Kind::DROP_SCHEMA,
    Kind::DROP_SEQUENCE,
    Kind::DROP_TYPE,
    Kind::DROP_USER,
];

/// Other statements that lock no table that is in use.
pub(super) const LOCKS_NO_TABLE: [Kind; 37] = [
    Kind::ALTER_AGGREGATE,
    Kind::ALTER_DEFAULT_PRIVILEGES,
    Kind::ALTER_FUNCTION,
    Kind::ALTER_GROUP,
    Kind::ALTER_PROCEDURE,
    Kind::ALTER_ROLE,
    Kind::ALTER_ROUTINE,
    Kind::ALTER_SCHEMA,
    Kind::ALTER_SEQUENCE,
    Kind::ALTER_USER,
    Kind::BEGIN,
    Kind::COMMIT_TRANSACTION,
    Kind::CREATE_AGGREGATE,
    Kind::CREATE_CAST,
    Kind::CREATE_COLLATION,
    Kind::CREATE_DOMAIN,
    Kind::CREATE_FUNCTION,
    Kind::CREATE_GROUP,
    Kind::CREATE_OPERATOR,
    Kind::CREATE_PROCEDURE,
    Kind::CREATE_ROLE,
    Kind::CREATE_SEQUENCE,
    Kind::CREATE_TEXT_SEARCH_CONFIGURATION,
    Kind::CREATE_TEXT_SEARCH_DICTIONARY,
    Kind::CREATE_TYPE,
    Kind::CREATE_USER,
    Kind::EMPTY_STMT,
    Kind::GRANT,
    Kind::NOTIFY,
    Kind::RELEASE_SAVEPOINT,
    Kind::RESET,
    Kind::REVOKE,
    Kind::ROLLBACK_TO_SAVEPOINT,
    Kind::SAVEPOINT_CREATE,
    Kind::SET,
    Kind::SET_ROLE,
    Kind::SHOW,
];
