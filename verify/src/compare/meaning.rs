//! Asks the server whether two texts of a definition mean the same.
//!
//! Postgres prints an expression from its parsed form. If it parses this text, it may print another
//! one: `state IN ('new')` of a `varchar` changes twice. So a restored database has other texts with
//! the same meaning. A script that copies what psql shows has this effect too.
//!
//! The server parses and prints each text until the text no longer changes. It does this in a
//! transaction, or after a savepoint, that is rolled back. It prints without needless parentheses
//! where it can, as psql does: `a AND (b AND c)` becomes `a AND b AND c`. A text that the server
//! refuses differs from the other.
//!
//! Each text is sent as a single statement, so that no text can contain a second statement.

use tokio_postgres::Client;

use crate::compare::difference::{Change, Difference};
use crate::quote::literal;
use crate::snapshot::content::Snapshot;
use crate::snapshot::object::{Kind, Object};
use crate::snapshot::query::{PRINTING, Within};

/// How often a text is parsed and printed, at most.
const ROUNDS: usize = 6;

/// The name of the temporary object.
const NAME: &str = "migrator_compare";

/// The name of the temporary object, with its schema.
const MADE: &str = "pg_temp.migrator_compare";

/// The statements that parse and print a text.
struct Form {
    /// Statements that run first, for example to rename the original object.
    prepare: Vec<String>,
    /// The parts of the statement before and after the text.
    around: [String; 2],
    /// The query that prints the text.
    print: String,
}

/// Removes the differences whose two texts mean the same. `snapshot` is one of the two, and shows the
/// database of the session.
pub(crate) async fn differing(
    client: &Client,
    differences: Vec<Difference>,
    snapshot: &Snapshot,
    within: Within,
) -> Vec<Difference> {
    let mut differing = Vec::new();
    for difference in differences {
        if !is_the_same(client, &difference, snapshot, within).await {
            differing.push(difference);
        }
    }
    differing
}

async fn is_the_same(
    client: &Client,
    difference: &Difference,
    snapshot: &Snapshot,
    within: Within,
) -> bool {
    let Change::Altered {
        property,
        before: Some(before),
        after: Some(after),
    } = &difference.change
    else {
        return false;
    };
    let (before, tail) = parts(property, before);
    let (after, other_tail) = parts(property, after);
    let form = form(&difference.object, property, tail, snapshot);
    let Some(form) = form.filter(|_| tail == other_tail) else {
        return false;
    };
    let normal = normal(client, &form, before, within).await;
    normal.is_some() && normal == self::normal(client, &form, after, within).await
}

/// Splits off how a generated column is stored, as in `STORED`.
fn parts<'t>(property: &str, text: &'t str) -> (&'t str, &'t str) {
    match property {
        "generated" => text.rsplit_once(' ').unwrap_or((text, "")),
        _ => (text, ""),
    }
}

/// The text that no longer changes when it is parsed and printed.
async fn normal(client: &Client, form: &Form, text: &str, within: Within) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let begin = match within {
            Within::Own => "BEGIN READ WRITE;",
            Within::Open => within.begin(),
        };
        client.batch_execute(begin).await.ok()?;
        let printed = printed(client, form, &text).await;
        // Also if the transaction has failed.
        client.batch_execute(within.undo()).await.ok()?;
        let printed = printed.ok()??;
        if printed == text {
            return Some(text);
        }
        text = printed;
    }
    None
}

async fn printed(
    client: &Client,
    form: &Form,
    text: &str,
) -> Result<Option<String>, tokio_postgres::Error> {
    let prepare = form.prepare.join("; ");
    client
        .batch_execute(&format!(
            "{PRINTING} SET LOCAL check_function_bodies = off;
            SELECT set_config('session_replication_role', 'replica', true) FROM pg_roles
                WHERE rolname = current_user AND rolsuper; {prepare}"
        ))
        .await?;
    let [before, behind] = &form.around;
    if before.is_empty() && !text.starts_with("CREATE ") {
        return Ok(None);
    }
    let statement = format!("{before}{text}{behind}");
    client.execute(&statement, &[]).await?;
    let row = client.query_opt(&form.print, &[]).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// The form for a property, if Postgres prints an expression for it.
fn form(object: &Object, property: &str, tail: &str, snapshot: &Snapshot) -> Option<Form> {
    let parent = object.parent().map(|parent| parent.name.as_str());
    match (object.kind, property) {
        (Kind::View | Kind::MaterialisedView, "definition") => Some(view()),
        (Kind::Table, "partition key") => Some(Form {
            prepare: Vec::new(),
            around: [
                format!(
                    "CREATE TEMP TABLE {NAME} (LIKE {}) PARTITION BY ",
                    object.name
                ),
                String::new(),
            ],
            print: format!("SELECT pg_get_partkeydef('{MADE}'::regclass)"),
        }),
        (Kind::Column, "default") => default(column(object)?, parent?),
        (Kind::Column, "generated") => generated(object, tail, snapshot),
        (Kind::Domain, "default") => domain_default(object, snapshot),
        (Kind::Constraint, "definition") => constraint(object, snapshot),
        (Kind::Policy, "using") => policy(parent?, "FOR SELECT USING", "polqual"),
        (Kind::Policy, "with check") => policy(parent?, "FOR INSERT WITH CHECK", "polwithcheck"),
        (Kind::PublicationMember, "row filter") => row_filter(object),
        (Kind::Function | Kind::Procedure, "arguments" | "body") => {
            routine(object, property, snapshot)
        }
        (Kind::Index | Kind::Statistics | Kind::Trigger | Kind::Rule, "definition") => {
            statement(object)
        }
        _ => None,
    }
}

fn view() -> Form {
    Form {
        prepare: Vec::new(),
        around: [format!("CREATE TEMP VIEW {NAME} AS "), String::new()],
        print: format!("SELECT pg_get_viewdef('{MADE}'::regclass, true)"),
    }
}

/// A statement that creates a table with the same columns, and nothing else.
fn like(table: &str) -> String {
    format!("CREATE TEMP TABLE {NAME} (LIKE {table})")
}

#[expect(clippy::unnecessary_wraps, reason = "the other forms may not be had")]
fn default(column: &str, table: &str) -> Option<Form> {
    Some(Form {
        prepare: vec![like(table)],
        around: [
            format!("ALTER TABLE {MADE} ALTER COLUMN {column} SET DEFAULT "),
            String::new(),
        ],
        print: DEFAULT.replace('$', MADE),
    })
}

/// A query for the only default of a table.
const DEFAULT: &str =
    "SELECT pg_get_expr(adbin, adrelid, true) FROM pg_attrdef WHERE adrelid = '$'::regclass";

fn generated(object: &Object, tail: &str, snapshot: &Snapshot) -> Option<Form> {
    let (column, table) = (column(object)?, &object.parent()?.name);
    let properties = snapshot.properties(object)?;
    let kind = properties.get("type")?;
    let collation = properties.get("collation");
    let collation = collation.map_or(String::new(), |name| format!(" COLLATE {name}"));
    Some(Form {
        prepare: vec![
            like(table),
            // The table may have no other column.
            format!("ALTER TABLE {MADE} ADD COLUMN {NAME} int, DROP COLUMN {column}"),
        ],
        around: [
            format!(
                "ALTER TABLE {MADE} ADD COLUMN {column} {kind}{collation} GENERATED ALWAYS AS ("
            ),
            format!(") {tail}"),
        ],
        print: DEFAULT.replace('$', MADE),
    })
}

fn domain_default(object: &Object, snapshot: &Snapshot) -> Option<Form> {
    let kind = snapshot.properties(object)?.get("type")?;
    Some(Form {
        prepare: Vec::new(),
        around: [
            format!("CREATE DOMAIN {MADE} AS {kind} DEFAULT "),
            String::new(),
        ],
        print: format!(
            "SELECT pg_get_expr(typdefaultbin, 0, true) FROM pg_type WHERE oid = '{MADE}'::regtype"
        ),
    })
}

/// The form for a check or an exclusion. Other constraints have no expressions.
fn constraint(object: &Object, snapshot: &Snapshot) -> Option<Form> {
    let parent = object.parent()?;
    let (prepare, altered, relation) = if parent.kind == Kind::Domain {
        let kind = snapshot.properties(parent)?.get("type")?;
        let domain = format!("CREATE DOMAIN {MADE} AS {kind}");
        (domain, "DOMAIN", "contypid = $::regtype")
    } else {
        (like(&parent.name), "TABLE", "conrelid = $::regclass")
    };
    let relation = relation.replace('$', &format!("'{MADE}'"));
    Some(Form {
        prepare: vec![prepare],
        around: [
            format!("ALTER {altered} {MADE} ADD CONSTRAINT migrator_constraint "),
            String::new(),
        ],
        print: format!(
            "SELECT pg_get_constraintdef(oid, true) FROM pg_constraint
            WHERE conname = 'migrator_constraint' AND contype IN ('c', 'x') AND {relation}"
        ),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the other forms may not be had")]
fn policy(table: &str, verb: &str, catalog_column: &str) -> Option<Form> {
    Some(Form {
        prepare: Vec::new(),
        around: [
            format!("CREATE POLICY {NAME} ON {table} {verb} ("),
            ")".to_owned(),
        ],
        print: format!(
            "SELECT pg_get_expr({catalog_column}, polrelid, true) FROM pg_policy
            WHERE polname = '{NAME}' AND polrelid = {}::regclass",
            literal(table)
        ),
    })
}

fn row_filter(object: &Object) -> Option<Form> {
    let publication = &object.parent()?.name;
    let table = object.name.strip_suffix(&format!(" in {publication}"))?;
    Some(Form {
        prepare: Vec::new(),
        around: [
            format!("CREATE PUBLICATION {NAME} FOR TABLE {table} WHERE ("),
            ")".to_owned(),
        ],
        print: format!(
            "SELECT pg_get_expr(r.prqual, r.prrelid, true) FROM pg_publication_rel r
            JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = '{NAME}'"
        ),
    })
}

/// The form for the defaults of arguments and for a body in standard SQL. Any other body is a plain
/// text.
fn routine(object: &Object, property: &str, snapshot: &Snapshot) -> Option<Form> {
    let properties = snapshot.properties(object)?;
    let value = |property| properties.get(property).map(String::as_str);
    let arguments = value("arguments").unwrap_or_default();
    let name = routine_name(&object.name)?;
    let (kind, returns) = match (object.kind == Kind::Procedure, value("returns")) {
        (false, Some(returns)) => ("FUNCTION", format!(" RETURNS {returns}")),
        (false, None) => ("FUNCTION", String::new()),
        (true, _) => ("PROCEDURE", String::new()),
    };
    let create = format!("CREATE OR REPLACE {kind} {name}(");
    let oid = format!("{}::regprocedure", literal(&object.name));
    if property == "arguments" {
        return Some(Form {
            prepare: Vec::new(),
            around: [create, format!("){returns} LANGUAGE sql AS ''")],
            print: format!("SELECT pg_get_function_arguments({oid})"),
        });
    }
    let body = value("body")?;
    let is_sql = value("language") == Some("sql")
        && ["BEGIN ATOMIC", "RETURN "]
            .iter()
            .any(|start| body.starts_with(start));
    is_sql.then(|| Form {
        prepare: Vec::new(),
        around: [
            format!("{create}{arguments}){returns} LANGUAGE sql "),
            String::new(),
        ],
        print: format!(
            "SELECT rtrim(substring(pg_get_functiondef({oid})
                FROM chr(10) || '((?:BEGIN ATOMIC|RETURN ).*)$'), chr(10))"
        ),
    })
}

/// `s.f` of `s.f(integer)`.
fn routine_name(name: &str) -> Option<&str> {
    let mut is_quoted = false;
    let end = name.find(|c| {
        is_quoted ^= c == '"';
        c == '(' && !is_quoted
    });
    name.get(..end?)
}

/// The form for a definition that Postgres prints as a whole statement. The original object is
/// renamed or dropped first.
fn statement(object: &Object) -> Option<Form> {
    let name = &object.name;
    let text = literal(name);
    let (prepare, print) = if object.kind == Kind::Index {
        let rename = format!("ALTER INDEX {name} RENAME TO {NAME}");
        let print = format!("SELECT pg_get_indexdef({text}::regclass, 0, true)");
        (rename, print)
    } else if object.kind == Kind::Statistics {
        let rename = format!("ALTER STATISTICS {name} RENAME TO {NAME}");
        let print = format!(
            "SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s
            JOIN pg_namespace n ON n.oid = s.stxnamespace
            WHERE quote_ident(n.nspname) || '.' || quote_ident(s.stxname) = {text}"
        );
        (rename, print)
    } else {
        let table = &object.parent()?.name;
        let own = name.strip_suffix(&format!(" on {table}"))?;
        let (own_text, table_text) = (literal(own), literal(table));
        let (print, kind) = match object.kind == Kind::Trigger {
            true => (
                format!(
                    "SELECT pg_get_triggerdef(oid, true) FROM pg_trigger
                    WHERE quote_ident(tgname) = {own_text} AND tgrelid = {table_text}::regclass"
                ),
                "TRIGGER",
            ),
            false => (
                format!(
                    "SELECT pg_get_ruledef(oid, true) FROM pg_rewrite
                    WHERE quote_ident(rulename) = {own_text} AND ev_class = {table_text}::regclass"
                ),
                "RULE",
            ),
        };
        (format!("DROP {kind} {own} ON {table}"), print)
    };
    Some(Form {
        prepare: vec![prepare],
        around: [String::new(), String::new()],
        print,
    })
}

/// The name of a column without the name of its table.
fn column(object: &Object) -> Option<&str> {
    let table = object.parent()?;
    object.name.strip_prefix(&table.name)?.strip_prefix('.')
}
