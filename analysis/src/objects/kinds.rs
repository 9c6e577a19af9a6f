//! Tables: which node kinds create, refer to and drop an object of a space.

use super::object::Space;
use crate::parse::Kind;

/// The space of the object that a node of this kind creates.
pub(super) fn created(kind: Kind) -> Option<Space> {
    Some(match kind {
        Kind::TABLE_NAME | Kind::VIEW | Kind::SEQUENCE | Kind::INDEX => Space::Relation,
        Kind::TYPE_NAME | Kind::DOMAIN => Space::Type,
        Kind::FUNCTION_NAME | Kind::PROCEDURE_NAME | Kind::AGGREGATE_NAME => Space::Routine,
        Kind::SCHEMA => Space::Schema,
        Kind::EXTENSION => Space::Extension,
        Kind::STATISTICS => Space::Statistics,
        Kind::TRIGGER => Space::Trigger,
        Kind::POLICY => Space::Policy,
        Kind::RULE => Space::Rule,
        _ => return None,
    })
}

/// The space of the object that a node of this kind refers to.
pub(super) fn referred(kind: Kind) -> Option<Space> {
    Some(match kind {
        Kind::TABLE_NAME_REF
        | Kind::RELATION_NAME_REF
        | Kind::VIEW_REF
        | Kind::SEQUENCE_REF
        | Kind::INDEX_REF
        | Kind::QUALIFIED_COLUMN_NAME_REF => Space::Relation,
        Kind::TYPE_NAME_REF | Kind::DOMAIN_REF | Kind::PATH_TYPE => Space::Type,
        Kind::FUNCTION_NAME_REF
        | Kind::PROCEDURE_NAME_REF
        | Kind::ROUTINE_NAME_REF
        | Kind::AGGREGATE => Space::Routine,
        Kind::SCHEMA_REF => Space::Schema,
        Kind::EXTENSION_REF => Space::Extension,
        Kind::STATISTICS_REF => Space::Statistics,
        Kind::TRIGGER_REF => Space::Trigger,
        Kind::POLICY_REF => Space::Policy,
        Kind::RULE_REF => Space::Rule,
        _ => return None,
    })
}

/// The node kind that holds the dropped name in a DROP statement.
pub(super) fn dropped(statement: Kind) -> Option<Kind> {
    Some(match statement {
        Kind::DROP_TABLE | Kind::DROP_FOREIGN_TABLE => Kind::TABLE_NAME_REF,
        Kind::DROP_VIEW | Kind::DROP_MATERIALIZED_VIEW => Kind::VIEW_REF,
        Kind::DROP_INDEX => Kind::INDEX_REF,
        Kind::DROP_SEQUENCE => Kind::SEQUENCE_REF,
        Kind::DROP_TYPE => Kind::TYPE_NAME_REF,
        Kind::DROP_DOMAIN => Kind::DOMAIN_REF,
        Kind::DROP_FUNCTION => Kind::FUNCTION_NAME_REF,
        Kind::DROP_PROCEDURE => Kind::PROCEDURE_NAME_REF,
        Kind::DROP_ROUTINE => Kind::ROUTINE_NAME_REF,
        Kind::DROP_AGGREGATE => Kind::AGGREGATE,
        Kind::DROP_SCHEMA => Kind::SCHEMA_REF,
        Kind::DROP_EXTENSION => Kind::EXTENSION_REF,
        Kind::DROP_STATISTICS => Kind::STATISTICS_REF,
        Kind::DROP_TRIGGER => Kind::TRIGGER_REF,
        Kind::DROP_POLICY => Kind::POLICY_REF,
        Kind::DROP_RULE => Kind::RULE_REF,
        _ => return None,
    })
}
