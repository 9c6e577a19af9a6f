//! Finds the history table of another tool, and judges whether it can be trusted.
//!
//! The tables belong to others. A view, or a table of a role that is not trusted, could run code
//! with the rights of this role when it is read. So the command reads no row of such a table.

use migrator_adopt::{Table, Tool};
use migrator_model::Code;
use migrator_model::sql::quote_identifier;
use migrator_runtime::Client;
use tokio_postgres::{Error, SimpleQueryMessage, SimpleQueryRow};

use crate::exit::Exit;
use crate::failure::Failure;

/// The table to look for.
pub(super) struct Wanted {
    tool: &'static str,
    /// The schema. `None` stands for the schemas of the `search_path`.
    pub(super) schema: Option<String>,
    pub(super) name: String,
    columns: &'static [&'static str],
}

/// A table that the catalog has.
pub(super) struct Found {
    pub(super) schema: String,
    pub(super) oid: String,
    pub(super) database: String,
    kind: String,
    owner: String,
    is_trusted: bool,
    pub(super) is_own: bool,
    /// A column that the tool's table has and this one lacks.
    lacks: Option<String>,
    /// A column whose type is not Postgres's own.
    foreign: Option<String>,
}

impl Wanted {
    pub(super) fn of(tool: &dyn Tool, named: Option<&str>) -> Wanted {
        let Table {
            schema,
            name,
            columns,
        } = tool.table();
        let (schema, name) = match named.map(|named| named.split_once('.').ok_or(named)) {
            Some(Ok((schema, name))) => (Some(schema), name),
            Some(Err(name)) => (schema, name),
            None => (schema, name),
        };
        Wanted {
            tool: tool.name(),
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
            columns,
        }
    }

    /// The first table that has the tool's columns and may be read.
    pub(super) async fn find(&self, client: &Client) -> Result<Found, Failure> {
        let found = self.look(client, self.schema.as_deref()).await;
        let found = found.map_err(|error| unread(&self.name, &error))?;
        let (fitting, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|one| one.lacks.is_none());
        match (fitting.into_iter().next(), others.into_iter().next()) {
            (Some(found), _) => match found.flaw(self) {
                Some(flaw) => Err(flaw),
                None => Ok(found),
            },
            (None, Some(other)) => Err(self.unlike(&other)),
            (None, None) => Err(self.absent()),
        }
    }

    /// The tables with the wanted name, in the order of the `search_path`.
    pub(super) async fn look(
        &self,
        client: &Client,
        schema: Option<&str>,
    ) -> Result<Vec<Found>, Error> {
        let path = "pg_catalog.current_schemas(false)";
        let within = match schema {
            Some(schema) => format!(
                "OPERATOR(pg_catalog.=) {}::pg_catalog.name",
                literal(schema)
            ),
            None => format!("OPERATOR(pg_catalog.=) ANY ({path})"),
        };
        let columns: Vec<String> = self.columns.iter().map(|name| literal(name)).collect();
        let query = format!(
            "SELECT n.nspname, c.oid::pg_catalog.text, c.relkind, \
               pg_catalog.pg_get_userbyid(c.relowner), {trusted} AND {trusted_schema}, \
               pg_catalog.pg_has_role(c.relowner, 'USAGE'), \
               (SELECT w.name FROM pg_catalog.unnest(ARRAY[{columns}]::pg_catalog.name[]) w(name) \
                WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a \
                  WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid \
                    AND a.attname OPERATOR(pg_catalog.=) w.name \
                    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped) LIMIT 1), \
               (SELECT a.attname FROM pg_catalog.pg_attribute a \
                WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid \
                  AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped \
                  AND a.atttypid OPERATOR(pg_catalog.>=) 10000::pg_catalog.oid LIMIT 1), \
               pg_catalog.current_database() \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
               ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             CROSS JOIN (SELECT pg_catalog.quote_ident(current_user::pg_catalog.text)\
               ::pg_catalog.regrole::pg_catalog.oid AS me) own \
             WHERE c.relname OPERATOR(pg_catalog.=) {name}::pg_catalog.name \
               AND n.nspname {within} \
               AND c.relkind OPERATOR(pg_catalog.=) \
                 ANY (ARRAY['r', 'p', 'v', 'm', 'f']::pg_catalog.\"char\"[]) \
             ORDER BY pg_catalog.array_position({path}, n.nspname)",
            trusted = trusted("c.relowner"),
            trusted_schema = trusted("n.nspowner"),
            columns = columns.join(", "),
            name = literal(&self.name),
        );
        let rows = send(client, &query).await?;
        Ok(rows.iter().filter_map(Found::read).collect())
    }

    pub(super) fn absent(&self) -> Failure {
        let place = match &self.schema {
            Some(schema) => format!("in the schema `{schema}`"),
            None => "in a schema of the `search_path`".to_owned(),
        };
        Wanted::failure(format!("there is no table `{}` {place}", self.name))
    }

    fn unlike(&self, other: &Found) -> Failure {
        let lacks = other.lacks.as_deref().unwrap_or_default();
        Wanted::failure(format!(
            "`{}.{}` has no column `{lacks}`, so it is not a history of {}",
            other.schema, self.name, self.tool
        ))
    }

    fn failure(message: String) -> Failure {
        let help = "name the history of the other tool with `--history-table=SCHEMA.TABLE`, or the \
                    right tool with `--from`";
        Failure::new(Code::M1004, Exit::Refused, message, help)
    }
}

impl Found {
    fn read(row: &SimpleQueryRow) -> Option<Found> {
        let text = |column| row.get(column).map(str::to_owned);
        Some(Found {
            schema: text(0)?,
            oid: text(1)?,
            kind: text(2)?,
            owner: text(3)?,
            is_trusted: row.get(4) == Some("t"),
            is_own: row.get(5) == Some("t"),
            lacks: text(6),
            foreign: text(7),
            database: text(8)?,
        })
    }

    /// Why no row of the table is read.
    pub(super) fn flaw(&self, wanted: &Wanted) -> Option<Failure> {
        let table = format!("{}.{}", self.schema, wanted.name);
        let (message, help) = if self.kind != "r" {
            let message = format!("`{table}` is not a plain table, and its rows are not read");
            (
                message,
                "name the table itself with `--history-table`".to_owned(),
            )
        } else if !self.is_trusted {
            let owner = &self.owner;
            let message = format!(
                "`{table}`, or its schema, belongs to a role that this role does not trust: reading \
                 it could run code of that role"
            );
            (
                message,
                format!("connect as `{owner}`, the owner of the table"),
            )
        } else if let Some(column) = &self.foreign {
            let message = format!(
                "the column `{column}` of `{table}` has a type that is not Postgres's own: reading \
                 it could run code of the type's owner"
            );
            (
                message,
                "drop the column, if the other tool does not use it".to_owned(),
            )
        } else {
            return None;
        };
        Some(Failure::new(Code::M1004, Exit::Refused, message, help))
    }
}

/// A condition: a role is this role, a superuser, or a role that this one is a member of. For a
/// superuser, membership does not count, because a superuser is a member of each role.
fn trusted(role: &str) -> String {
    let superuser =
        |role: &str| format!("pg_catalog.pg_has_role({role}, 10::pg_catalog.oid, 'MEMBER')");
    format!(
        "({role} OPERATOR(pg_catalog.=) own.me OR {} OR NOT {} \
           AND pg_catalog.pg_has_role(own.me, {role}, 'MEMBER') \
         OR {role} OPERATOR(pg_catalog.=) 6171::pg_catalog.oid AND EXISTS (\
           SELECT FROM pg_catalog.pg_database d \
           WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
             AND (d.datdba OPERATOR(pg_catalog.=) own.me OR {})))",
        superuser(role),
        superuser("own.me"),
        superuser("d.datdba")
    )
}

pub(super) async fn send(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, Error> {
    let answers = client.postgres().simple_query(query).await?;
    let rows = answers.into_iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
    });
    Ok(rows.collect())
}

pub(super) fn quoted(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

/// A literal that means the same whatever `standard_conforming_strings` is.
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

pub(super) fn unread(table: &str, error: &Error) -> Failure {
    let message = format!("the table `{}` cannot be read", table.replace('"', ""));
    let help = "connect as the owner of the table, or grant SELECT on it";
    let cause = match error.as_db_error() {
        Some(db_error) => db_error.message().to_owned(),
        None => error.to_string(),
    };
    let exit = match error.as_db_error() {
        Some(_) => Exit::Failed,
        None => Exit::Connection,
    };
    Failure::new(Code::M1004, exit, message, help).because(cause)
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_literal_has_no_end_inside() {
        assert_eq!(literal("it's \\"), "E'it''s \\\\'");
    }
}
