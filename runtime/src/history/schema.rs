//! The history's tables: a parent, one child for each service, the event log and the format.
//!
//! The first four columns of a child are those of refinery (refinery-core 0.10, `traits/mod.rs`:
//! `version bigint`, `name`, `applied_on`, `checksum`), so that refinery can read the table. With
//! inheritance, one query reads all services.

use super::format::{self, ORIGIN};
use crate::session::quote::{quote_identifier, quote_literal};

/// The names of the tables, quoted.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    schema: String,
}

impl Tables {
    /// The end of the name of a service's table.
    pub(crate) const SUFFIX: &str = "_history";

    /// The name of the parent of all history tables.
    pub(crate) const PARENT: &str = "history";

    pub(crate) fn new(schema: &str) -> Tables {
        Tables {
            schema: schema.to_owned(),
        }
    }

    /// The clause after a table in a query: with it, the server refuses a view.
    pub(crate) const SAMPLE: &str = " TABLESAMPLE pg_catalog.system (100)";

    /// The schema's name.
    pub(crate) fn schema_name(&self) -> &str {
        &self.schema
    }

    /// The schema's name, as a quoted identifier.
    pub(crate) fn schema(&self) -> String {
        quote_identifier(&self.schema)
    }

    /// The parent of all history tables.
    pub(crate) fn parent(&self) -> String {
        format!("{}.{}", self.schema(), Tables::PARENT)
    }

    /// The table of a service.
    pub(crate) fn of(&self, service: &str) -> String {
        let table = format!("{service}{}", Tables::SUFFIX);
        format!("{}.{}", self.schema(), quote_identifier(&table))
    }

    /// The event log.
    pub(crate) fn event(&self) -> String {
        format!("{}.event", self.schema())
    }

    /// The table with the format of the tables, in one row.
    pub(crate) fn format(&self) -> String {
        format!("{}.format", self.schema())
    }

    /// The service whose table has this name.
    pub(crate) fn service_of(table: &str) -> Option<&str> {
        table.strip_suffix(Tables::SUFFIX)
    }

    /// A query for the format of the tables. Its rows are `'format'`, the format, and the
    /// version that the format needs; null in format 1.
    pub(crate) fn known_format(&self) -> String {
        let query = format!(
            "SELECT 'format', format, needs FROM {}{}",
            self.format(),
            Tables::SAMPLE
        );
        format::with_defaults(&[("needs", "NULL::pg_catalog.text")], &query) + ";"
    }

    /// A query for the tables without a primary key. Its rows are `'keyless'` and the name.
    pub(crate) fn keyless(&self) -> String {
        format!(
            "SELECT 'keyless', c.relname FROM pg_catalog.pg_class c \
             WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(\
                 SELECT {parent}::pg_catalog.regclass::pg_catalog.oid \
                 UNION ALL SELECT {event}::pg_catalog.regclass::pg_catalog.oid \
                 UNION ALL SELECT {format}::pg_catalog.regclass::pg_catalog.oid \
                 UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
                   WHERE i.inhparent OPERATOR(pg_catalog.=) {parent}::pg_catalog.regclass)) \
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_index k \
                 WHERE k.indrelid OPERATOR(pg_catalog.=) c.oid AND k.indisprimary) \
             ORDER BY 2;",
            parent = quote_literal(&self.parent()),
            event = quote_literal(&self.event()),
            format = quote_literal(&self.format()),
        )
    }

    /// The statement that adds the primary key of a table. The name is not quoted.
    pub(crate) fn add_key(&self, table: &str) -> String {
        let column = match table {
            "event" => "id",
            "format" => "format",
            _ => "version",
        };
        let table = quote_identifier(table);
        format!(
            "ALTER TABLE {}.{table} ADD PRIMARY KEY ({column});",
            self.schema()
        )
    }

    /// A query for the schema. It has one row if the schema exists.
    pub(crate) fn schema_exists(&self) -> String {
        format!(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.=) {}",
            quote_literal(&self.schema)
        )
    }

    /// The statements that create the schema.
    pub(crate) fn create_schema(&self) -> String {
        let schema = self.schema();
        format!(
            "CREATE SCHEMA {schema};\
             COMMENT ON SCHEMA {schema} IS 'What migrator has applied to this database';"
        )
    }

    /// The statements that create the tables common to all services.
    pub(crate) fn create_common(&self) -> String {
        let (parent, event, format) = (self.parent(), self.event(), self.format());
        let row = format::row();
        format!(
            "CREATE TABLE {format} (format integer PRIMARY KEY, needs pg_catalog.text NOT NULL);\
             INSERT INTO {format} VALUES ({row});\
             CREATE TABLE {parent} (\
               version bigint PRIMARY KEY,\
               name varchar(255) NOT NULL,\
               applied_on varchar(255) NOT NULL,\
               checksum varchar(255) NOT NULL,\
               fingerprint pg_catalog.text,\
               dirty pg_catalog.text CHECK (dirty OPERATOR(pg_catalog.=) \
                 ANY (ARRAY['up', 'down']::pg_catalog.text[])),\
               requires pg_catalog.text[] NOT NULL DEFAULT '{{}}',\
               depends_on pg_catalog.text[] NOT NULL DEFAULT '{{}}',\
               up_script pg_catalog.text,\
               down_script pg_catalog.text,\
               {ORIGIN});\
             COMMENT ON TABLE {parent} IS 'Applied migrations of all services; empty itself';\
             CREATE TABLE {event} (\
               id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\
               at timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp(),\
               kind pg_catalog.text NOT NULL,\
               service pg_catalog.text NOT NULL,\
               version bigint NOT NULL,\
               name pg_catalog.text NOT NULL,\
               checksum pg_catalog.text,\
               milliseconds double precision,\
               message pg_catalog.text,\
               application pg_catalog.text NOT NULL,\
               migrator_version pg_catalog.text NOT NULL,\
               role pg_catalog.text NOT NULL DEFAULT current_user,\
               client pg_catalog.inet DEFAULT pg_catalog.inet_client_addr(),\
               pid integer NOT NULL DEFAULT pg_catalog.pg_backend_pid());\
             COMMENT ON TABLE {event} IS 'Every apply, revert, failure and repair; append only';"
        )
    }

    /// The statements that create the table of a service.
    pub(crate) fn create_service(&self, service: &str) -> String {
        let table = self.of(service);
        format!(
            "CREATE TABLE {table} (PRIMARY KEY (version)) INHERITS ({});\
             COMMENT ON TABLE {table} IS {};",
            self.parent(),
            quote_literal(&format!("Applied migrations of {service}"))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Tables;
    use crate::session::quote::quote_identifier;

    #[test]
    fn names_are_quoted_and_found_again() {
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        let tables = Tables::new("migrator");
        assert_eq!(tables.of("tenant"), "\"migrator\".\"tenant_history\"");
        assert_eq!(Tables::service_of("tenant_history"), Some("tenant"));
        assert_eq!(Tables::service_of("history"), None);
    }
}
