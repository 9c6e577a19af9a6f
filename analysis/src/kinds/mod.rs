//! Tables of the parser's node kinds.
//!
//! A table lists its kinds one by one. The tests below go over all kinds of the parser. They
//! fail if the parser adds, renames or removes a kind.

use crate::parse::Kind;

/// Whether a kind is a CREATE statement.
pub(crate) fn is_create(kind: Kind) -> bool {
    CREATE.contains(&kind)
}

/// Whether a kind is an ALTER statement.
pub(crate) fn is_alter(kind: Kind) -> bool {
    alter_words(kind).is_some()
}

/// The first words of an ALTER statement, such as `ALTER FOREIGN TABLE`.
pub(crate) fn alter_words(kind: Kind) -> Option<&'static str> {
    let found = ALTER.iter().find(|(alter, _)| *alter == kind);
    found.map(|(_, words)| *words)
}

/// Whether a kind is a DROP statement.
pub(crate) fn is_drop(kind: Kind) -> bool {
    DROP.contains(&kind)
}

/// Whether a kind is an action of an ALTER statement that drops a part of its object.
pub(crate) fn is_drop_action(kind: Kind) -> bool {
    DROP_ACTION.contains(&kind)
}

/// Whether a kind is an action of an ALTER statement that renames its object.
pub(crate) fn is_rename(kind: Kind) -> bool {
    RENAME.contains(&kind)
}

/// Whether a kind is the type of a column, an argument or an expression.
pub(crate) fn is_type(kind: Kind) -> bool {
    TYPE.contains(&kind)
}

/// Whether a kind is a constraint, or an action of ALTER TABLE on one.
pub(crate) fn is_constraint(kind: Kind) -> bool {
    CONSTRAINT.contains(&kind)
}

/// The CREATE statements.
const CREATE: [Kind; 43] = [
    Kind::CREATE_ACCESS_METHOD,
    Kind::CREATE_AGGREGATE,
    Kind::CREATE_CAST,
    Kind::CREATE_COLLATION,
    Kind::CREATE_CONVERSION,
    Kind::CREATE_DATABASE,
    Kind::CREATE_DOMAIN,
    Kind::CREATE_EVENT_TRIGGER,
    Kind::CREATE_EXTENSION,
    Kind::CREATE_FOREIGN_DATA_WRAPPER,
    Kind::CREATE_FOREIGN_TABLE,
    Kind::CREATE_FUNCTION,
    Kind::CREATE_GROUP,
    Kind::CREATE_INDEX,
    Kind::CREATE_LANGUAGE,
    Kind::CREATE_MATERIALIZED_VIEW,
    Kind::CREATE_OPERATOR,
    Kind::CREATE_OPERATOR_CLASS,
    Kind::CREATE_OPERATOR_FAMILY,
    Kind::CREATE_POLICY,
    Kind::CREATE_PROCEDURE,
    Kind::CREATE_PROPERTY_GRAPH,
    Kind::CREATE_PUBLICATION,
    Kind::CREATE_ROLE,
    Kind::CREATE_RULE,
    Kind::CREATE_SCHEMA,
    Kind::CREATE_SEQUENCE,
    Kind::CREATE_SERVER,
    Kind::CREATE_STATISTICS,
    Kind::CREATE_SUBSCRIPTION,
    Kind::CREATE_TABLE,
    Kind::CREATE_TABLESPACE,
    Kind::CREATE_TABLE_AS,
    Kind::CREATE_TEXT_SEARCH_CONFIGURATION,
    Kind::CREATE_TEXT_SEARCH_DICTIONARY,
    Kind::CREATE_TEXT_SEARCH_PARSER,
    Kind::CREATE_TEXT_SEARCH_TEMPLATE,
    Kind::CREATE_TRANSFORM,
    Kind::CREATE_TRIGGER,
    Kind::CREATE_TYPE,
    Kind::CREATE_USER,
    Kind::CREATE_USER_MAPPING,
    Kind::CREATE_VIEW,
];

/// The ALTER statements and their first words.
const ALTER: [(Kind, &str); 43] = [
    (Kind::ALTER_AGGREGATE, "ALTER AGGREGATE"),
    (Kind::ALTER_COLLATION, "ALTER COLLATION"),
    (Kind::ALTER_CONVERSION, "ALTER CONVERSION"),
    (Kind::ALTER_DATABASE, "ALTER DATABASE"),
    (Kind::ALTER_DEFAULT_PRIVILEGES, "ALTER DEFAULT PRIVILEGES"),
    (Kind::ALTER_DOMAIN, "ALTER DOMAIN"),
    (Kind::ALTER_EVENT_TRIGGER, "ALTER EVENT TRIGGER"),
    (Kind::ALTER_EXTENSION, "ALTER EXTENSION"),
    (
        Kind::ALTER_FOREIGN_DATA_WRAPPER,
        "ALTER FOREIGN DATA WRAPPER",
    ),
    (Kind::ALTER_FOREIGN_TABLE, "ALTER FOREIGN TABLE"),
    (Kind::ALTER_FUNCTION, "ALTER FUNCTION"),
    (Kind::ALTER_GROUP, "ALTER GROUP"),
    (Kind::ALTER_INDEX, "ALTER INDEX"),
    (Kind::ALTER_LANGUAGE, "ALTER LANGUAGE"),
    (Kind::ALTER_LARGE_OBJECT, "ALTER LARGE OBJECT"),
    (Kind::ALTER_MATERIALIZED_VIEW, "ALTER MATERIALIZED VIEW"),
    (Kind::ALTER_OPERATOR, "ALTER OPERATOR"),
    (Kind::ALTER_OPERATOR_CLASS, "ALTER OPERATOR CLASS"),
    (Kind::ALTER_OPERATOR_FAMILY, "ALTER OPERATOR FAMILY"),
    (Kind::ALTER_POLICY, "ALTER POLICY"),
    (Kind::ALTER_PROCEDURE, "ALTER PROCEDURE"),
    (Kind::ALTER_PROPERTY_GRAPH, "ALTER PROPERTY GRAPH"),
    (Kind::ALTER_PUBLICATION, "ALTER PUBLICATION"),
    (Kind::ALTER_ROLE, "ALTER ROLE"),
    (Kind::ALTER_ROUTINE, "ALTER ROUTINE"),
    (Kind::ALTER_RULE, "ALTER RULE"),
    (Kind::ALTER_SCHEMA, "ALTER SCHEMA"),
    (Kind::ALTER_SEQUENCE, "ALTER SEQUENCE"),
    (Kind::ALTER_SERVER, "ALTER SERVER"),
    (Kind::ALTER_STATISTICS, "ALTER STATISTICS"),
    (Kind::ALTER_SUBSCRIPTION, "ALTER SUBSCRIPTION"),
    (Kind::ALTER_SYSTEM, "ALTER SYSTEM"),
    (Kind::ALTER_TABLE, "ALTER TABLE"),
    (Kind::ALTER_TABLESPACE, "ALTER TABLESPACE"),
    (
        Kind::ALTER_TEXT_SEARCH_CONFIGURATION,
        "ALTER TEXT SEARCH CONFIGURATION",
    ),
    (
        Kind::ALTER_TEXT_SEARCH_DICTIONARY,
        "ALTER TEXT SEARCH DICTIONARY",
    ),
    (Kind::ALTER_TEXT_SEARCH_PARSER, "ALTER TEXT SEARCH PARSER"),
    (
        Kind::ALTER_TEXT_SEARCH_TEMPLATE,
        "ALTER TEXT SEARCH TEMPLATE",
    ),
    (Kind::ALTER_TRIGGER, "ALTER TRIGGER"),
    (Kind::ALTER_TYPE, "ALTER TYPE"),
    (Kind::ALTER_USER, "ALTER USER"),
    (Kind::ALTER_USER_MAPPING, "ALTER USER MAPPING"),
    (Kind::ALTER_VIEW, "ALTER VIEW"),
];

/// The DROP statements.
const DROP: [Kind; 44] = [
    Kind::DROP_ACCESS_METHOD,
    Kind::DROP_AGGREGATE,
    Kind::DROP_CAST,
    Kind::DROP_COLLATION,
    Kind::DROP_CONVERSION,
    Kind::DROP_DATABASE,
    Kind::DROP_DOMAIN,
    Kind::DROP_EVENT_TRIGGER,
    Kind::DROP_EXTENSION,
    Kind::DROP_FOREIGN_DATA_WRAPPER,
    Kind::DROP_FOREIGN_TABLE,
    Kind::DROP_FUNCTION,
    Kind::DROP_GROUP,
    Kind::DROP_INDEX,
    Kind::DROP_LANGUAGE,
    Kind::DROP_MATERIALIZED_VIEW,
    Kind::DROP_OPERATOR,
    Kind::DROP_OPERATOR_CLASS,
    Kind::DROP_OPERATOR_FAMILY,
    Kind::DROP_OWNED,
    Kind::DROP_POLICY,
    Kind::DROP_PROCEDURE,
    Kind::DROP_PROPERTY_GRAPH,
    Kind::DROP_PUBLICATION,
    Kind::DROP_ROLE,
    Kind::DROP_ROUTINE,
    Kind::DROP_RULE,
    Kind::DROP_SCHEMA,
    Kind::DROP_SEQUENCE,
    Kind::DROP_SERVER,
    Kind::DROP_STATISTICS,
    Kind::DROP_SUBSCRIPTION,
    Kind::DROP_TABLE,
    Kind::DROP_TABLESPACE,
    Kind::DROP_TEXT_SEARCH_CONFIG,
    Kind::DROP_TEXT_SEARCH_DICT,
    Kind::DROP_TEXT_SEARCH_PARSER,
    Kind::DROP_TEXT_SEARCH_TEMPLATE,
    Kind::DROP_TRANSFORM,
    Kind::DROP_TRIGGER,
    Kind::DROP_TYPE,
    Kind::DROP_USER,
    Kind::DROP_USER_MAPPING,
    Kind::DROP_VIEW,
];

/// The actions of ALTER statements that drop a part of their object.
const DROP_ACTION: [Kind; 17] = [
    Kind::DROP_ATTRIBUTE,
    Kind::DROP_COLUMN,
    Kind::DROP_CONSTRAINT,
    Kind::DROP_DEFAULT,
    Kind::DROP_EDGE_TABLES,
    Kind::DROP_EXPRESSION,
    Kind::DROP_FOREIGN_OPTION,
    Kind::DROP_IDENTITY,
    Kind::DROP_MAPPING,
    Kind::DROP_NOT_NULL,
    Kind::DROP_OP_CLASS_OPTIONS,
    Kind::DROP_PUBLICATION_OBJECTS,
    Kind::DROP_SUBSCRIPTION_PUBLICATION,
    Kind::DROP_USERS,
    Kind::DROP_VERTEX_EDGE_LABEL,
    Kind::DROP_VERTEX_EDGE_LABEL_PROPERTIES,
    Kind::DROP_VERTEX_TABLES,
];

/// The actions of ALTER statements that rename their object.
const RENAME: [Kind; 33] = [
    Kind::AGGREGATE_RENAME_TO,
    Kind::COLLATION_RENAME_TO,
    Kind::CONVERSION_RENAME_TO,
    Kind::DATABASE_RENAME_TO,
    Kind::DOMAIN_RENAME_TO,
    Kind::EVENT_TRIGGER_RENAME_TO,
    Kind::FOREIGN_DATA_WRAPPER_RENAME_TO,
    Kind::FUNCTION_RENAME_TO,
    Kind::INDEX_RENAME_TO,
    Kind::LANGUAGE_RENAME_TO,
    Kind::OP_CLASS_RENAME_TO,
    Kind::OP_FAMILY_RENAME_TO,
    Kind::POLICY_RENAME_TO,
    Kind::PROCEDURE_RENAME_TO,
    Kind::PROPERTY_GRAPH_RENAME_TO,
    Kind::PUBLICATION_RENAME_TO,
    Kind::ROLE_RENAME_TO,
    Kind::ROUTINE_RENAME_TO,
    Kind::RULE_RENAME_TO,
    Kind::SCHEMA_RENAME_TO,
    Kind::SEQUENCE_RENAME_TO,
    Kind::SERVER_RENAME_TO,
    Kind::STATISTICS_RENAME_TO,
    Kind::SUBSCRIPTION_RENAME_TO,
    Kind::TABLESPACE_RENAME_TO,
    Kind::TABLE_RENAME_TO,
    Kind::TEXT_SEARCH_CONFIGURATION_RENAME_TO,
    Kind::TEXT_SEARCH_DICTIONARY_RENAME_TO,
    Kind::TEXT_SEARCH_PARSER_RENAME_TO,
    Kind::TEXT_SEARCH_TEMPLATE_RENAME_TO,
    Kind::TRIGGER_RENAME_TO,
    Kind::TYPE_RENAME_TO,
    Kind::VIEW_RENAME_TO,
];

/// The types of columns, arguments and expressions.
const TYPE: [Kind; 11] = [
    Kind::ARRAY_TYPE,
    Kind::BIT_TYPE,
    Kind::BIT_VARYING_TYPE,
    Kind::CHARACTER_TYPE,
    Kind::DOUBLE_TYPE,
    Kind::INTERVAL_TYPE,
    Kind::PATH_TYPE,
    Kind::PERCENT_TYPE,
    Kind::TIMESTAMP_TYPE,
    Kind::TIME_TYPE,
    Kind::VARCHAR_TYPE,
];

/// The constraints, and the actions of ALTER TABLE on one.
const CONSTRAINT: [Kind; 15] = [
    Kind::ADD_CONSTRAINT,
    Kind::ALTER_CONSTRAINT,
    Kind::CHECK_CONSTRAINT,
    Kind::DEFAULT_CONSTRAINT,
    Kind::DROP_CONSTRAINT,
    Kind::EXCLUDE_CONSTRAINT,
    Kind::FOREIGN_KEY_CONSTRAINT,
    Kind::GENERATED_CONSTRAINT,
    Kind::NOT_NULL_CONSTRAINT,
    Kind::NULL_CONSTRAINT,
    Kind::PRIMARY_KEY_CONSTRAINT,
    Kind::REFERENCES_CONSTRAINT,
    Kind::RENAME_CONSTRAINT,
    Kind::UNIQUE_CONSTRAINT,
    Kind::VALIDATE_CONSTRAINT,
];

#[cfg(test)]
mod tests;
