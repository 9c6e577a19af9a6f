//! Objects of a catalog: their kinds and names.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal)*) => {
        /// The kinds of object, in words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The kind in words, such as `materialised view`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// The database itself, whatever its name.
    Database "database"
    /// A schema.
    Schema "schema"
    /// An extension, without its members.
    Extension "extension"
    /// A procedural language.
    Language "language"
    /// An access method.
    AccessMethod "access method"
    /// A type: enum, composite, range, base or shell.
    Type "type"
    /// An attribute of a composite type.
    Attribute "attribute"
    /// A domain.
    Domain "domain"
    /// A table, partitioned or not.
    Table "table"
    /// A foreign table.
    ForeignTable "foreign table"
    /// A view.
    View "view"
    /// A materialised view.
    MaterialisedView "materialised view"
    /// A column of any of these.
    Column "column"
    /// A sequence, without those of identity columns.
    Sequence "sequence"
    /// A constraint of a table or a domain, with its index.
    Constraint "constraint"
    /// An index that belongs to no constraint.
    Index "index"
    /// A trigger.
    Trigger "trigger"
    /// A rewrite rule.
    Rule "rule"
    /// A row security policy.
    Policy "policy"
    /// Extended statistics.
    Statistics "statistics"
    /// A function, also a window function.
    Function "function"
    /// A procedure.
    Procedure "procedure"
    /// An aggregate.
    Aggregate "aggregate"
    /// An operator.
    Operator "operator"
    /// An operator class.
    OperatorClass "operator class"
    /// An operator family.
    OperatorFamily "operator family"
    /// A collation.
    Collation "collation"
    /// A conversion between encodings.
    Conversion "conversion"
    /// A cast.
    Cast "cast"
    /// A transform.
    Transform "transform"
    /// A text search parser.
    TextSearchParser "text search parser"
    /// A text search template.
    TextSearchTemplate "text search template"
    /// A text search dictionary.
    TextSearchDictionary "text search dictionary"
    /// A text search configuration.
    TextSearchConfiguration "text search configuration"
    /// An event trigger.
    EventTrigger "event trigger"
    /// A publication.
    Publication "publication"
    /// A table or a schema in a publication.
    PublicationMember "publication member"
    /// A subscription.
    Subscription "subscription"
    /// A foreign-data wrapper.
    ForeignDataWrapper "foreign-data wrapper"
    /// A foreign server.
    Server "server"
    /// A user mapping.
    UserMapping "user mapping"
    /// Default privileges.
    DefaultPrivileges "default privileges"
    /// Changed privileges on an object of Postgres or an extension.
    Privileges "privileges"
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An object of a catalog. Two objects are equal if their kinds and names are equal, also with other
/// oids or parents.
#[derive(Clone, Debug)]
pub struct Object {
    /// The kind.
    pub kind: Kind,
    /// The name as SQL writes it: qualified, quoted where necessary, for a function with the types of
    /// its arguments. It is `p on tenant.tenants` if names are unique only within a table, and empty
    /// for the database.
    pub name: String,
    pub(super) schema: Option<String>,
    pub(super) parent: Option<Box<Object>>,
}

impl Object {
    /// The name of the object's schema, or of the object if it is a schema, without quotes. `None`
    /// for objects outside schemas, such as extensions, publications and casts.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The object that this one is a part of, and is dropped with: the table of a column, index,
    /// constraint, trigger, rule, policy, statistics object or owned sequence; the publication of a
    /// member; the server of a user mapping; the wrapper of a server; the schema of default
    /// privileges.
    #[must_use]
    pub fn parent(&self) -> Option<&Object> {
        self.parent.as_deref()
    }

    fn key(&self) -> (Kind, &str) {
        (self.kind, &self.name)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Object {}

impl PartialOrd for Object {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Object {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// `column tenant.tenants.name`, `policy p on tenant.tenants`, `function tenant.f(integer)`.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(self.kind.as_str()),
            name => write!(f, "{} {name}", self.kind),
        }
    }
}
