//! `create --from`: the up script that a short description stands for.

use migrator_model::Code;

use crate::exit::Exit;
use crate::failure::Failure;

/// The name and the up script of a migration.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) up: String,
}

/// Reads a description.
pub(super) fn read(spec: &str) -> Result<Described, Failure> {
    let text = spec.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_one_line = ![";", "--", "/*", "$$"]
        .iter()
        .any(|word| text.contains(word));
    let described = is_one_line.then(|| described(&text)).flatten();
    described.ok_or_else(|| unknown(spec))
}

/// The failure on a description that stands for no script.
pub(super) fn unknown(spec: &str) -> Failure {
    let help = "write one of: `table tenant.notes`, `column tenant.tenants.region text`, \
        `index tenant.notes(author_id)`, `function tenant.f(a int) returns text`, \
        `foreign key tenant.notes(author_id) -> auth.users(id)`, `enum tenant.state(new, done)`";
    let message = format!("`{spec}` describes no migration");
    Failure::new(Code::M0106, Exit::Usage, message, help)
}

fn described(text: &str) -> Option<Described> {
    let (kind, rest) = text.split_once(' ')?;
    match kind.to_ascii_lowercase().as_str() {
        "table" => Some(Described {
            name: format!("create_{}_table", bare(name(rest)?)),
            up: format!(
                "CREATE TABLE {rest} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    \
                 created_at timestamptz NOT NULL DEFAULT now()\n);\n"
            ),
        }),
        "column" => column(rest),
        "index" => index(rest),
        "function" => function(rest),
        "foreign" => foreign_key(rest.strip_prefix("key ")?),
        "enum" => enum_type(rest),
        _ => None,
    }
}

/// A name with or without its schema.
fn name(text: &str) -> Option<&str> {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let parts = text.split('.');
    (parts.clone().count() <= 2 && parts.clone().all(is_name)).then_some(text)
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A name and the list in parentheses behind it.
fn call(text: &str) -> Option<(&str, Vec<&str>)> {
    let (before, list) = text.trim().strip_suffix(')')?.split_once('(')?;
    let items: Vec<&str> = list.split(',').map(str::trim).collect();
    Some((name(before.trim())?, items))
}

fn columns(text: &str) -> Option<(&str, Vec<&str>)> {
    let (table, columns) = call(text)?;
    let are_names = columns
        .iter()
        .all(|one| !one.contains('.') && name(one).is_some());
    are_names.then_some((table, columns))
}

fn column(text: &str) -> Option<Described> {
    let (path, of_type) = text.split_once(' ')?;
    let (table, column) = path.rsplit_once('.')?;
    name(column)?;
    Some(Described {
        name: format!("add_{column}_to_{}", bare(name(table)?)),
        up: format!("ALTER TABLE {table}\n    ADD COLUMN {column} {of_type};\n"),
    })
}

fn index(text: &str) -> Option<Described> {
    let (table, columns) = columns(text)?;
    let list = columns.join("_");
    let index = format!("{}_{list}_idx", bare(table));
    Some(Described {
        name: format!("index_{}_by_{list}", bare(table)),
        up: format!(
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY {index}\n    ON {table} ({});\n",
            columns.join(", ")
        ),
    })
}

fn function(text: &str) -> Option<Described> {
    let function = name(text.split_once('(')?.0.trim())?;
    let lower = text.to_ascii_lowercase();
    let (at, word) = (lower.rfind(" returns ")?, " returns ");
    let (head, result) = (&text[..at], &text[at + word.len()..]);
    let body = match first_word(result).as_str() {
        // Postgres refuses a value here.
        "void" | "event_trigger" | "setof" | "table" => "RETURN;",
        "trigger" => "RETURN NEW;",
        _ => "RETURN NULL;",
    };
    Some(Described {
        name: format!("create_{}_function", bare(function)),
        up: format!(
            "CREATE FUNCTION {head}\nRETURNS {result}\nLANGUAGE plpgsql\nAS $$\nBEGIN\n    {body}\nEND;\n$$;\n"
        ),
    })
}

/// The first word, in lower case.
fn first_word(text: &str) -> String {
    let mut words = text.split(|c: char| c.is_whitespace() || c == '(');
    let first = words.find(|word| !word.is_empty());
    first.unwrap_or_default().to_ascii_lowercase()
}

fn foreign_key(text: &str) -> Option<Described> {
    let (from, to) = text.split_once("->")?;
    let (table, own) = columns(from)?;
    let (other, referred) = columns(to)?;
    let list = own.join("_");
    let constraint = format!("{}_{list}_fkey", bare(table));
    Some(Described {
        name: format!("add_{constraint}"),
        up: format!(
            "-- Checks new rows only. Check the old rows in a later migration:\n\
             --   ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};\n\
             ALTER TABLE {table}\n    ADD CONSTRAINT {constraint}\n    FOREIGN KEY ({}) \
             REFERENCES {other} ({}) NOT VALID;\n",
            own.join(", "),
            referred.join(", ")
        ),
    })
}

fn enum_type(text: &str) -> Option<Described> {
    let (of_type, values) = call(text)?;
    let quoted = |value: &&str| format!("'{}'", value.trim_matches('\'').replace('\'', "''"));
    let is_empty = values.iter().any(|value| value.is_empty());
    let values: Vec<String> = values.iter().map(quoted).collect();
    (!is_empty).then(|| Described {
        name: format!("create_{}_type", bare(of_type)),
        up: format!("CREATE TYPE {of_type} AS ENUM ({});\n", values.join(", ")),
    })
}
