//! Objects of the database, by name.

use std::fmt;

use crate::names::Name;

/// Objects of the database, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Object {
    /// The kind of object.
    pub(crate) space: Space,
    /// The name. The name of a part of a table has no schema.
    pub(crate) name: Name,
    /// The table that the object is a part of.
    pub(crate) of: Option<Name>,
}

/// A kind of object. Names are unique within a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Space {
    /// Tables, views, indexes and sequences.
    Relation,
    /// Types and domains.
    Type,
    /// Functions, procedures and aggregates, without their arguments.
    Routine,
    /// Schemas.
    Schema,
    /// Extensions.
    Extension,
    /// Extended statistics.
    Statistics,
    /// Triggers of a table.
    Trigger,
    /// Policies of a table.
    Policy,
    /// Rules of a table.
    Rule,
    /// Columns of a table.
    Column,
    /// Constraints of a table.
    Constraint,
}

impl Object {
    /// A relation.
    pub(crate) fn relation(name: Name) -> Object {
        Object {
            space: Space::Relation,
            name,
            of: None,
        }
    }

    /// A schema.
    pub(crate) fn schema(name: String) -> Object {
        Object {
            space: Space::Schema,
            name: Name { schema: None, name },
            of: None,
        }
    }

    /// The schema that the name of this object has.
    pub(crate) fn schema_in_name(&self) -> Option<Object> {
        self.name.schema.clone().map(Object::schema)
    }

    /// A part of a table: a column or a constraint.
    pub(crate) fn part(space: Space, table: Name, name: String) -> Object {
        Object {
            space,
            name: Name { schema: None, name },
            of: Some(table),
        }
    }
}

impl Space {
    /// The word in messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Space::Relation => "relation",
            Space::Type => "type",
            Space::Routine => "function",
            Space::Schema => "schema",
            Space::Extension => "extension",
            Space::Statistics => "statistics object",
            Space::Trigger => "trigger",
            Space::Policy => "policy",
            Space::Rule => "rule",
            Space::Column => "column",
            Space::Constraint => "constraint",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(table) => write!(f, "{} `{}` of `{table}`", self.space.word(), self.name),
            None => write!(f, "{} `{}`", self.space.word(), self.name),
        }
    }
}
