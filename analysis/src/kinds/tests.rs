//! The tables hold every kind that belongs to them.

use std::fmt::Write as _;

use super::{
    ALTER, CONSTRAINT, CREATE, DROP, DROP_ACTION, RENAME, TYPE, is_alter, is_constraint, is_create,
    is_drop, is_drop_action, is_rename, is_type,
};
use crate::parse::Kind;

/// The kinds that have a name like those of a table, and are not in it.
const OTHERS: [Kind; 33] = [
    Kind::ALTER_ATTRIBUTE,
    Kind::ALTER_COLUMN,
    Kind::ALTER_EXTENSION_ADD,
    Kind::ALTER_EXTENSION_DROP,
    Kind::ALTER_EXTENSION_UPDATE,
    Kind::ALTER_LABEL,
    Kind::ALTER_MAPPING,
    Kind::ALTER_OPTION_LIST,
    Kind::ALTER_POLICY_TO,
    Kind::ALTER_SET_STATISTICS,
    Kind::ALTER_TYPE_ATTRIBUTE_ACTION_LIST,
    Kind::ALTER_VERTEX_EDGE_LABELS,
    Kind::ALTER_VIEW_COLUMN,
    Kind::AS_POLICY_TYPE,
    Kind::BASE_TYPE,
    Kind::COMPOSITE_TYPE,
    Kind::CONFLICT_ON_CONSTRAINT,
    Kind::DROP_DATABASE_FORCE_CLAUSE,
    Kind::DROP_OP_CLASS_OPTION_FUNCTION,
    Kind::DROP_OP_CLASS_OPTION_LIST,
    Kind::DROP_OP_CLASS_OPTION_OPERATOR,
    Kind::ENUM_TYPE,
    Kind::OBJECT_CONSTRAINT,
    Kind::OBJECT_TYPE,
    Kind::OF_TYPE,
    Kind::OPTION_AS_TYPE,
    Kind::PLPGSQL_RAISE_OPTION_CONSTRAINT,
    Kind::PRIVILEGE_TYPE,
    Kind::RANGE_TYPE,
    Kind::RET_TYPE,
    Kind::SERVER_TYPE,
    Kind::SET_TYPE,
    Kind::TRANSFORM_FOR_TYPE,
];

/// The names of all kinds of the parser, a line each.
const ALL: &str = include_str!("all.txt");

fn kinds() -> impl Iterator<Item = Kind> {
    (0..u16::from(Kind::__LAST)).map(Kind::from)
}

fn is_in_a_table(kind: Kind) -> bool {
    let tables = [
        is_create,
        is_alter,
        is_drop,
        is_drop_action,
        is_rename,
        is_type,
        is_constraint,
    ];
    tables.iter().any(|table| table(kind))
}

#[test]
fn the_parser_has_the_kinds_that_the_tables_were_written_for() {
    let mut names = String::new();
    for kind in kinds() {
        writeln!(names, "{kind:?}").expect("a string takes text");
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kinds/all.txt");
        std::fs::write(path, &names).expect("the expectation can be written");
    } else {
        assert_eq!(
            names, ALL,
            "decide for each new kind to which tables it belongs"
        );
    }
}

#[test]
fn each_kind_with_a_name_like_those_of_a_table_is_in_it_or_listed_as_another() {
    for kind in kinds() {
        let name = format!("{kind:?}");
        let starts = ["CREATE_", "ALTER_", "DROP_"];
        let ends = ["RENAME_TO", "_TYPE", "_CONSTRAINT"];
        let is_like = starts.iter().any(|start| name.starts_with(start))
            || ends.iter().any(|end| name.ends_with(end));
        let is_listed = is_in_a_table(kind) != OTHERS.contains(&kind);
        assert!(
            !is_like || name.ends_with("_KW") || is_listed,
            "{name} is in no table, or is also listed as another"
        );
    }
}

#[test]
fn each_kind_of_a_table_has_the_name_of_the_table() {
    let starts_with = |start: &str, kinds: &[Kind]| {
        for kind in kinds {
            let name = format!("{kind:?}");
            assert!(
                name.starts_with(start),
                "{name} does not start with {start}"
            );
        }
    };
    let ends_with = |end: &str, kinds: &[Kind]| {
        for kind in kinds {
            let name = format!("{kind:?}");
            assert!(name.ends_with(end), "{name} does not end with {end}");
        }
    };
    starts_with("CREATE_", &CREATE);
    starts_with("DROP_", &DROP);
    starts_with("DROP_", &DROP_ACTION);
    ends_with("RENAME_TO", &RENAME);
    ends_with("_TYPE", &TYPE);
    ends_with("_CONSTRAINT", &CONSTRAINT);
}

#[test]
fn an_alter_statement_has_the_words_of_its_kind() {
    for (kind, words) in ALTER {
        assert_eq!(format!("{kind:?}").replace('_', " "), words);
    }
}
