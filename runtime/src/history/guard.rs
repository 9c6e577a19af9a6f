//! Checks, before the history is read, that only trusted roles can write it.
//!
//! A role that can write these tables decides what the role that migrates executes. So the
//! statement of [`check_trust`] comes before the statements that read the tables, in the same
//! message. It reads only the catalog. It fails in three cases:
//!
//! - an untrusted role owns the schema or a table;
//! - an untrusted role may write to one of them;
//! - to read or write a row, the server would evaluate an expression that migrator did not write.
//!
//! The server then skips the rest of the message: it analyses and plans a statement only after
//! the statements before it.
//!
//! A trigger may call a function that a trusted role owns. The expression of a rule, a policy, a
//! default or a check has no owner of its own, so it may call only Postgres's own functions.
//!
//! Nothing can change between the check and the statements after it. Only the owners of the schema
//! and its tables can alter them, and the check has found that these owners are trusted.
//! [`Purpose::Show`] trusts one more owner, and documents what follows.

use migrator_plan::Conflict;
use tokio_postgres::error::{DbError, SqlState};

use super::flaw::{FIELD, Flaw};
use super::schema::Tables;
use crate::session::quote::quote_literal;

/// The purpose of a read of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To show the state of the database. Nothing that is recorded is executed. So a role that is
    /// not a superuser trusts the owner of the schema.
    ///
    /// That owner may replace a table by a view after the check. So the statements that read
    /// refuse views ([`Tables::SAMPLE`]). They also name columns without their table: for
    /// `table.column`, the server would look for a function too.
    Show,
    /// To change it, or to execute what is recorded.
    Act,
}

/// The start of the text that [`raise`] puts into the server's error.
const MARK: &str = "migrator: ";

/// The separator between flaws.
const NEXT: char = '\u{1e}';

/// An expression of type `int4` that fails with a text. [`raised`] finds the text in the error. The
/// server must not know the text before it executes the statement.
pub(crate) fn raise(text: &str) -> String {
    format!(
        "pg_catalog.concat('{MARK}', {text}, {})::pg_catalog.int4",
        chr(END)
    )
}

/// An expression of type `int4` that runs the text of a query, for its failure. So the server
/// plans a query that is rarely needed only when it is needed.
///
/// `ts_rewrite` is Postgres's own and runs the query that says what to replace in a text search.
/// It needs no procedural language, and only reads.
pub(super) fn run_text(query: &str) -> String {
    format!("pg_catalog.numnode(pg_catalog.ts_rewrite('none'::pg_catalog.tsquery, {query}))")
}

/// A shorter form of the text of a query. A message that is longer than the first window of a TCP
/// connection, some 14 kB, costs one more round trip.
fn shortened(query: &str) -> String {
    query
        .replace("OPERATOR(pg_catalog.", "#")
        .replace("pg_catalog.", "@")
}

/// An expression for the text of a query whose shorter form is the value of another expression. It
/// does not contain the two characters itself, so that it may be part of such a query.
fn expanded(short: &str) -> String {
    format!(
        r"pg_catalog.replace(pg_catalog.replace({short}, E'\x23', 'OPERATOR(pg_catalog.'), E'\x40', 'pg_catalog.')"
    )
}

/// Whether the schema's name contains a character that stands for a word in [`shortened`].
fn has_shorthand(tables: &Tables) -> bool {
    tables.schema_name().contains(['@', '#'])
}

/// The columns of a query for [`run_text`] that evaluates an expression which fails.
pub(super) fn columns_to_run(failing: &str) -> String {
    format!(
        "CASE WHEN {failing} IS NULL THEN NULL::pg_catalog.tsquery END, NULL::pg_catalog.tsquery"
    )
}

/// The end of that text: the rest of the error is in the server's language.
const END: char = '\u{1d}';

/// The text of a failed [`raise`].
pub(crate) fn raised(db_error: &DbError) -> Option<&str> {
    if *db_error.code() != SqlState::INVALID_TEXT_REPRESENTATION {
        return None;
    }
    let (_, text) = db_error.message().split_once(MARK)?;
    Some(text.rsplit_once(END)?.0)
}

/// The conflicts that [`check_trust`] found, if the error comes from it.
pub(crate) fn conflicts(db_error: &DbError) -> Option<Vec<Conflict>> {
    let flaws = raised(db_error)?.split(NEXT).map(Flaw::read);
    flaws.map(|flaw| Some(flaw?.conflict())).collect()
}

/// The maximum number of flaws that the check reports (`guard.sql`).
const MOST: usize = 8;

/// Whether the check has failed, but the schema and the table `format` can be trusted. Then a
/// newer format may explain the flaws of the other tables.
pub(super) fn trusts_format(db_error: &DbError) -> bool {
    let flaws = raised(db_error)
        .into_iter()
        .flat_map(|text| text.split(NEXT));
    let flaws: Option<Vec<Flaw>> = flaws.map(Flaw::read).collect();
    flaws.is_some_and(|flaws| {
        (1..MOST).contains(&flaws.len()) && !flaws.iter().any(Flaw::is_about_format)
    })
}

/// The statements that fail if the history cannot be trusted. They return no row.
///
/// Planning the query that names every flaw costs several times as much as the rest of a read of
/// the history. So the statements first check for the usual case (`ordinary.sql`, `written.sql`).
/// If that check does not pass, they run that query, which is the text of a setting.
pub(crate) fn check_trust(tables: &Tables, purpose: Purpose) -> String {
    let flaws = match has_shorthand(tables) {
        true => find_flaws(tables, purpose),
        false => shortened(&find_flaws(tables, purpose)),
    };
    format!(
        "SET LOCAL {SETTING} = {};{}{}",
        quote_literal(&flaws),
        check_readable(tables, purpose, Unusual::NameFlaws),
        check_rest_if(tables, "true", Unusual::NameFlaws)
    )
}

/// The reaction to a history that is not the usual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusual {
    /// It runs the query that names every flaw.
    NameFlaws,
    /// It fails ([`is_unusual`]), and the client sends [`check_trust`]. So the message is short.
    Fail,
}

/// The text of the failure of a check with [`Unusual::Fail`].
const UNUSUAL: &str = "unusual";

/// Whether a check with [`Unusual::Fail`] failed.
pub(super) fn is_unusual(db_error: &DbError) -> bool {
    raised(db_error) == Some(UNUSUAL)
}

/// The first part of [`check_trust`]: no untrusted role can write the history, and a read runs no
/// code of an untrusted role. Before anything else is done, the statement of [`check_rest_if`]
/// must follow.
pub(super) fn check_readable(tables: &Tables, purpose: Purpose, unusual: Unusual) -> String {
    let (me_is_super, owner) = match purpose {
        Purpose::Act => (None, String::new()),
        Purpose::Show => (Some(superuser("own.me")), schema_owner(tables)),
    };
    let trusted = |role: &str| {
        let superuser = superuser(role);
        let owner = me_is_super.as_ref().map_or(String::new(), |me_is_super| {
            format!(" OR own.owner OPERATOR(pg_catalog.=) {role} AND NOT {me_is_super}")
        });
        format!("({role} OPERATOR(pg_catalog.=) own.me OR {superuser}{owner})")
    };
    let texts = [
        ("{trusted_schema}", trusted("n.nspowner")),
        ("{harmless_schema}", harmless("n.nspacl", "n.nspowner", 'n')),
        ("{trusted_table}", trusted("c.relowner")),
        ("{harmless_table}", harmless("c.relacl", "c.relowner", 'r')),
        ("{owner}", owner),
        ("{schema}", quote_literal(tables.schema_name())),
        ("{quoted_schema}", quote_literal(&tables.schema())),
        ("{me}", ME.to_owned()),
        ("{tables}", all_tables(tables)),
        ("{history}", oid_of(&tables.parent())),
        ("{find}", find(tables, unusual)),
    ];
    query(ORDINARY, &texts) + ";"
}

/// The statement that completes the check if a condition is true: it checks what matters only to a
/// write (`written.sql`). The server plans that check only if the condition is true.
pub(super) fn check_rest_if(tables: &Tables, condition: &str, unusual: Unusual) -> String {
    let texts = [
        ("{find}", find(tables, unusual)),
        ("{tables}", all_tables(tables)),
    ];
    let check = query(WRITTEN, &texts);
    let text = match has_shorthand(tables) {
        true => quote_literal(&check),
        false => expanded(&quote_literal(&shortened(&check))),
    };
    format!(
        "SELECT 0 WHERE CASE WHEN {condition} THEN {} OPERATOR(pg_catalog.<) 0 ELSE false END;",
        run_text(&text)
    )
}

/// The setting that has the text of the query which finds every flaw.
const SETTING: &str = "migrator.find";

/// An expression for what happens if the check does not pass.
fn find(tables: &Tables, unusual: Unusual) -> String {
    let text = format!("pg_catalog.current_setting('{SETTING}')");
    match unusual {
        Unusual::Fail => raise(&format!("'{UNUSUAL}'")),
        Unusual::NameFlaws if has_shorthand(tables) => run_text(&text),
        Unusual::NameFlaws => run_text(&expanded(&text)),
    }
}

/// A condition: apart from the owner's own rights, nobody may write to an object. `kind` is the
/// kind of object for `acldefault`.
///
/// The text of a privilege is `grantee=letters/grantor`. In a name, a `=` may make the condition
/// false, and never true.
fn harmless(acl: &str, owner: &str, kind: char) -> String {
    format!(
        "({acl} IS NULL OR pg_catalog.array_remove({acl}, \
           (pg_catalog.acldefault('{kind}'::pg_catalog.\"char\", {owner}))[1])::pg_catalog.text \
             OPERATOR(pg_catalog.!~) '=[^/]*[awdDxtC]')"
    )
}

/// A column with the owner of the schema.
fn schema_owner(tables: &Tables) -> String {
    format!(
        ", (SELECT s.nspowner FROM pg_catalog.pg_namespace s \
             WHERE s.nspname OPERATOR(pg_catalog.=) {}::pg_catalog.name) AS owner",
        quote_literal(tables.schema_name())
    )
}

/// An expression for the OIDs of all tables; null stands for a table that does not exist.
fn all_tables(tables: &Tables) -> String {
    let history = oid_of(&tables.parent());
    format!(
        "ARRAY(SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
             WHERE i.inhparent OPERATOR(pg_catalog.=) {history}) \
           OPERATOR(pg_catalog.||) ARRAY[{history}, {}, {}]",
        oid_of(&tables.format()),
        oid_of(&tables.event())
    )
}

/// An expression for the OID of a table, or null.
fn oid_of(table: &str) -> String {
    let name = quote_literal(table);
    format!("pg_catalog.to_regclass({name})::pg_catalog.oid")
}

/// The current role.
const ME: &str =
    "pg_catalog.quote_ident(current_user::pg_catalog.text)::pg_catalog.regrole::pg_catalog.oid";

/// The query that finds every flaw, and fails if there is one.
fn find_flaws(tables: &Tables, purpose: Purpose) -> String {
    let untrusted = |role: &str| {
        let superuser = superuser(role);
        format!(
            "({role} OPERATOR(pg_catalog.<>) ALL (SELECT safe.oid FROM safe) AND NOT {superuser})"
        )
    };
    let schema_owner = match purpose {
        Purpose::Act => String::new(),
        Purpose::Show => format!(
            " UNION SELECT ns.nspowner FROM ns CROSS JOIN me WHERE NOT {}",
            superuser("me.oid")
        ),
    };
    let list = format!(
        "pg_catalog.string_agg(f.line, {} ORDER BY f.place)",
        chr(NEXT)
    );
    let texts = [
        ("{schema}", quote_literal(tables.schema_name())),
        ("{schema_owner}", schema_owner),
        ("{me_super}", superuser("me.oid")),
        ("{grantor_super}", superuser("m.grantor")),
        ("{dba_super}", superuser("d.datdba")),
        ("{ns_untrusted}", untrusted("ns.nspowner")),
        ("{tab_untrusted}", untrusted("tab.relowner")),
        ("{function_untrusted}", untrusted("trg.proowner")),
        ("{grantee_untrusted}", untrusted("g.grantee")),
        ("{code}", CODE.to_owned()),
        ("{default}", format!("'{DEFAULT}'")),
        ("{writes}", WRITES.to_owned()),
        ("{field}", chr(FIELD)),
        ("{most}", MOST.to_string()),
        ("{columns}", columns_to_run(&raise(&list))),
    ];
    query(FLAWS, &texts)
}

/// The query of a file, without comments and indents, with texts for the names in braces.
fn query(file: &str, texts: &[(&str, String)]) -> String {
    let lines = file.lines().filter(|line| !line.starts_with("--"));
    let mut query: String = lines
        .map(|line| line.trim_start().to_owned() + " ")
        .collect();
    for (place, text) in texts {
        query = query.replace(place, text);
    }
    query
}

/// A condition: a role is a superuser.
fn superuser(role: &str) -> String {
    format!("pg_catalog.pg_has_role({role}, 10::pg_catalog.oid, 'MEMBER')")
}

/// An expression for a control character, so that the server's logs do not contain the character.
fn chr(character: char) -> String {
    format!("pg_catalog.chr({})", u32::from(character))
}

const FLAWS: &str = include_str!("guard.sql");

const ORDINARY: &str = include_str!("ordinary.sql");

const WRITTEN: &str = include_str!("written.sql");

/// The privileges that let a role change the history, or run code of its own.
const WRITES: &str = "ARRAY['CREATE', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', \
                      'TRIGGER']::pg_catalog.text[]";

/// The catalogs of the objects that an expression can call.
const CODE: &str = "ARRAY['pg_catalog.pg_proc', 'pg_catalog.pg_operator', 'pg_catalog.pg_type', \
                    'pg_catalog.pg_cast']::pg_catalog.regclass[]::pg_catalog.oid[]";

/// The allowed defaults: those of migrator's own columns, and constants. It is a regular expression
/// for the text that the server prints, without the name of `pg_catalog`.
const DEFAULT: &str = r"^((clock_timestamp|now|inet_client_addr|pg_backend_pid)[(][)]|CURRENT_USER|CURRENT_TIMESTAMP|(''[^'']*''|-?[0-9.]+|true|false|NULL)(::[a-z ]+([[][]])?)?)$";

#[cfg(test)]
mod tests {
    use super::{Purpose, check_trust};
    use crate::history::schema::Tables;

    #[test]
    fn the_check_fits_into_the_first_window_of_a_connection() {
        let length = |schema| check_trust(&Tables::new(schema), Purpose::Show).len();
        assert!(length("migrator") < 14_000, "{}", length("migrator"));
        assert!(length("a@b") > length("migrator"), "not shortened");
    }
}
