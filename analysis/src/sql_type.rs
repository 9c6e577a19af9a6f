//! SQL types, and which change of a column's type keeps its rows.

use std::fmt;

use crate::kinds::is_type;
use crate::names::{Name, name_of};
use crate::parse::{Id, Kind, Sql};

/// A type with its modifiers, such as `numeric(10, 2)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqlType {
    /// The name that Postgres has for the type, such as `integer` for `int4`.
    base: String,
    modifiers: Vec<u32>,
    /// The name, if the type is not a keyword of the grammar.
    pub(crate) name: Option<Name>,
}

impl SqlType {
    /// The type that is a child of a node.
    pub(crate) fn within(sql: &Sql<'_>, node: Id) -> Option<SqlType> {
        let found = sql.children(node).find(|&id| is_type(sql.kind(id)))?;
        let is_name = sql.kind(found) == Kind::PATH_TYPE;
        let name = is_name.then(|| name_of(sql, found)).flatten();
        Some(SqlType {
            name,
            ..SqlType::read(sql, found)
        })
    }

    fn read(sql: &Sql<'_>, node: Id) -> SqlType {
        let leaves = sql.descendants(node).filter(|&id| sql.is_leaf(id));
        let mut words = Vec::new();
        let mut modifiers = Vec::new();
        for leaf in leaves {
            let word = sql.text_of(leaf).to_ascii_lowercase();
            match word.parse() {
                Ok(number) => modifiers.push(number),
                Err(_) if ["(", ")", ",", ".", "pg_catalog"].contains(&word.as_str()) => {}
                Err(_) => words.push(word),
            }
        }
        let base = words.join(" ");
        SqlType {
            base: canonical(&base).map_or(base, str::to_owned),
            modifiers,
            name: None,
        }
    }

    /// Whether a column of the type takes values from a sequence.
    pub(crate) fn is_serial(&self) -> bool {
        const SERIAL: [&str; 6] = [
            "serial",
            "bigserial",
            "smallserial",
            "serial2",
            "serial4",
            "serial8",
        ];
        SERIAL.contains(&self.base.as_str())
    }

    /// Whether the type is text of any length.
    pub(crate) fn is_text(&self) -> bool {
        ["text", "varchar"].contains(&self.base.as_str()) && self.modifiers.is_empty()
    }

    /// Whether the name is one of a built-in type.
    pub(crate) fn is_built_in(&self) -> bool {
        let of_own = ["text", "varchar"].contains(&self.base.as_str()) || self.is_serial();
        of_own || is_converted_to_text(&self.base)
    }

    /// Whether a column can change to another type without a rewrite of the table.
    ///
    /// The rules are those of `varchar_support`, `numeric_support`, `TemporalSimplify` and the
    /// binary-coercible rows of `pg_cast`. A change from `timestamp` to `timestamptz` depends on
    /// the session's time zone and counts as a rewrite.
    pub(crate) fn changes_without_rewrite(&self, new: &SqlType) -> bool {
        if self.base == new.base && self.modifiers == new.modifiers {
            return true;
        }
        match (self.base.as_str(), new.base.as_str()) {
            (_, "text" | "varchar") if new.is_text() => !is_converted_to_text(&self.base),
            ("varchar", "varchar") | ("varbit", "varbit") => self.is_within(new),
            ("numeric", "numeric") => self.is_within(new) && self.keeps_scale(new),
            ("cidr", "inet") => true,
            (old, new_base) => {
                old == new_base && is_temporal(old) && (self.is_within(new) || new.is_precise())
            }
        }
    }

    /// Whether a change between two built-in types certainly rewrites the table: Postgres calls a
    /// function for each row.
    pub(crate) fn is_converted_to(&self, new: &SqlType) -> bool {
        const PLAIN: [&str; 12] = [
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "real",
            "double precision",
            "boolean",
            "uuid",
            "json",
            "jsonb",
            "date",
            "text",
        ];
        let are_plain = [self, new]
            .iter()
            .all(|one| PLAIN.contains(&one.base.as_str()));
        are_plain && self.base != new.base
    }

    /// Whether the first modifier of the new type is at least as wide.
    fn is_within(&self, new: &SqlType) -> bool {
        match (self.modifiers.first(), new.modifiers.first()) {
            (_, None) => true,
            (Some(old), Some(new)) => old <= new,
            (None, Some(_)) => false,
        }
    }

    /// Whether the type keeps all digits of a fraction of a second.
    fn is_precise(&self) -> bool {
        self.modifiers.first().is_some_and(|&digits| digits >= 6)
    }

    /// Whether some narrower form of the type could change to it without a rewrite.
    pub(crate) fn has_narrower_forms(&self) -> bool {
        let base = self.base.as_str();
        ["text", "varchar", "numeric", "varbit", "inet"].contains(&base) || is_temporal(base)
    }

    fn keeps_scale(&self, new: &SqlType) -> bool {
        let scale = |of: &SqlType| of.modifiers.get(1).copied().unwrap_or(0);
        new.modifiers.is_empty() || scale(self) == scale(new)
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) if name.schema.is_some() => write!(f, "{name}")?,
            _ => f.write_str(&self.base)?,
        }
        if self.modifiers.is_empty() {
            return Ok(());
        }
        let modifiers = self.modifiers.iter().map(u32::to_string);
        write!(f, "({})", modifiers.collect::<Vec<_>>().join(", "))
    }
}

fn is_temporal(base: &str) -> bool {
    ["timestamp", "timestamptz", "time", "timetz", "interval"].contains(&base)
}

/// Whether a built-in type is stored in another way than text. Returns false for types that are not
/// built in.
fn is_converted_to_text(base: &str) -> bool {
    const OTHERS: [&str; 22] = [
        "smallint",
        "integer",
        "bigint",
        "numeric",
        "real",
        "double precision",
        "boolean",
        "char",
        "uuid",
        "json",
        "jsonb",
        "xml",
        "bytea",
        "date",
        "inet",
        "cidr",
        "money",
        "bit",
        "varbit",
        "serial",
        "bigserial",
        "smallserial",
    ];
    OTHERS.contains(&base) || is_temporal(base) || base.ends_with(']')
}

/// The name that Postgres has for a type with several names.
pub(crate) fn canonical(words: &str) -> Option<&'static str> {
    Some(match words {
        "character varying" | "char varying" | "national character varying" => "varchar",
        "character" | "bpchar" | "national character" | "nchar" => "char",
        "int" | "int4" => "integer",
        "int2" => "smallint",
        "int8" => "bigint",
        "decimal" | "dec" => "numeric",
        "bool" => "boolean",
        "float8" | "float" => "double precision",
        "float4" => "real",
        "bit varying" => "varbit",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        _ => return None,
    })
}
