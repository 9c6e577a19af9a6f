//! The flaws that [`guard`](super::guard) finds in a history, and the text about each.

use migrator_model::{Code, Subject};
use migrator_plan::{Conflict, Remedy};

use crate::session::quote::quote_identifier;

/// A way for an untrusted role to write the history or to run its own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The schema of the history.
    schema: String,
    /// The kind of flaw, as in the query's result.
    kind: String,
    /// The table; empty for the schema itself.
    table: String,
    /// By kind: the role, the trigger or the column, as SQL names it.
    name: String,
    /// By kind: the current role, the privileges or the expression.
    more: String,
}

/// The separator between the fields of a flaw.
pub(super) const FIELD: char = '\u{1f}';

impl Flaw {
    /// Parses a flaw from a line of the query's result.
    pub(super) fn read(line: &str) -> Option<Flaw> {
        let mut fields = line.split(FIELD).map(|field| {
            let words = field.split(|c: char| c.is_whitespace() || c.is_control());
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            words.join(" ")
        });
        Some(Flaw {
            schema: fields.next()?,
            kind: fields.next()?,
            table: fields.next()?,
            name: fields.next()?,
            more: fields.next()?,
        })
    }

    /// Whether the schema or the table `format` has the flaw.
    pub(super) fn is_about_format(&self) -> bool {
        ["", "format"].contains(&self.table.as_str())
    }

    /// The conflict that the flaw causes: the run does not start.
    pub(crate) fn conflict(&self) -> Conflict {
        let object = self.object();
        Conflict {
            code: Code::M0526,
            subject: Subject::Object(match self.table.as_str() {
                "" => format!("schema `{object}`"),
                _ => format!("`{object}`"),
            }),
            message: self.message(),
            remedy: self.remedy(&object),
        }
    }

    /// The quoted name of the schema or the table.
    fn object(&self) -> String {
        match self.table.as_str() {
            "" => quote(&self.schema),
            table => format!("{}.{}", quote(&self.schema), quote(table)),
        }
    }

    fn message(&self) -> String {
        let Flaw {
            kind, name, more, ..
        } = self;
        match kind.as_str() {
            "owner" => format!(
                "the owner is `{name}`: not `{more}`, no role that `{more}` is a member of, and no \
                 superuser"
            ),
            "grant" => format!("`{name}` has the privileges {more} on it"),
            "kind" => format!("it is {}, and no ordinary table", relation_kind(name)),
            "elsewhere" => {
                format!("the table `{name}` inherits from `history`, and lies in another schema")
            }
            "security" => "row security is on, so that the server may hide rows".to_owned(),
            "index" | "statistics" => {
                format!("the {kind} `{name}` evaluates a function that is not Postgres's own")
            }
            "default" => format!("the column `{name}` has the default `{more}`"),
            "check" => format!("it has the check constraint `{name}`: `{more}`"),
            "reference" => format!("it has the foreign key `{name}`"),
            "referenced" => format!("the foreign key `{name}` refers to it"),
            "generated" => format!("the column `{name}` is generated"),
            "type" => {
                format!("the column `{name}` has the type `{more}`, which is not Postgres's own")
            }
            "child" => format!("the table `{name}` inherits from it"),
            "parent" => format!("it inherits from the table `{name}`"),
            "trigger" => format!("the trigger `{name}` calls a function of `{more}`"),
            "arguments" => format!("the trigger `{name}` calls its function with arguments"),
            "condition" => format!("the condition of the trigger `{name}` calls a function"),
            // A rule, a policy, a constraint.
            _ => format!("it has the {kind} `{name}`"),
        }
    }

    fn remedy(&self, object: &str) -> Remedy {
        let help = self.help(object);
        match self.kind.as_str() {
            "owner" | "kind" | "type" => Remedy::MoveHistory { instead_of: help },
            _ => Remedy::Advice(help),
        }
    }

    fn help(&self, object: &str) -> String {
        let Flaw {
            schema,
            kind,
            name,
            more,
            ..
        } = self;
        let alter = format!("ALTER TABLE {object}");
        match kind.as_str() {
            "owner" | "grant" => self.take_over(object),
            "kind" => "find out who made it and drop it".to_owned(),
            "elsewhere" => {
                let parent = quote(schema);
                format!("drop it, or run `ALTER TABLE {name} NO INHERIT {parent}.history`")
            }
            "security" => {
                format!("run `{alter} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY`")
            }
            "trigger" => format!(
                "run `DROP TRIGGER {name}`; an audit trigger is allowed if the role that migrates \
                 or a superuser created its function"
            ),
            "arguments" | "condition" => format!(
                "run `DROP TRIGGER {name}`, then create it without {}: the function itself can \
                 decide",
                match kind.as_str() {
                    "arguments" => "arguments",
                    _ => "that condition",
                }
            ),
            "policy" | "rule" | "index" | "statistics" => {
                format!("run `DROP {} {name}`", kind.to_uppercase())
            }
            "default" => format!(
                "put the column's own default back, or run `{alter} ALTER COLUMN {} DROP DEFAULT`",
                quote(name)
            ),
            "referenced" => "drop that foreign key from the table that has it".to_owned(),
            "generated" => format!("run `{alter} DROP COLUMN {}`", quote(name)),
            "type" => format!("put the column's own type back in place of `{more}`"),
            "child" => format!("drop it, or run `ALTER TABLE {name} NO INHERIT {object}`"),
            "parent" => format!("run `{alter} NO INHERIT {name}`"),
            _ => format!("run `{alter} DROP CONSTRAINT {}`", quote(name)),
        }
    }

    /// What to do so that only trusted roles own or write the schema or table.
    fn take_over(&self, object: &str) -> String {
        let Flaw { name, more, .. } = self;
        let (kind, on) = match self.table.as_str() {
            "" => ("SCHEMA", "SCHEMA "),
            _ => ("TABLE", ""),
        };
        match self.kind.as_str() {
            "grant" => {
                format!("take them back with `REVOKE {more} ON {on}{object} FROM {name}`")
            }
            _ => format!(
                "if `{name}` is the role that migrates here, run as `{name}`; otherwise find out \
                 who made it, then take it over with `ALTER {kind} {object} OWNER TO {}`",
                quote(more)
            ),
        }
    }
}

/// The words for a `relkind` (Postgres's manual, `pg_class`).
fn relation_kind(letter: &str) -> &'static str {
    match letter {
        "v" => "a view",
        "m" => "a materialized view",
        "f" => "a foreign table",
        "p" => "a partitioned table",
        "S" => "a sequence",
        "c" => "a composite type",
        _ => "an index",
    }
}

/// Quotes a name if SQL requires quotes.
fn quote(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    match starts && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => quote_identifier(name),
    }
}
