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

/// An expression for the text of a query, shorter than the text. A message that is longer than the
/// first window of a TCP connection, some 14 kB, costs one more round trip.
fn shortened(query: &str) -> String {
    if query.contains(['@', '#']) {
        return quote_literal(query);
    }
    let short = query
        .replace("OPERATOR(pg_catalog.", "#")
        .replace("pg_catalog.", "@");
    format!(
        "pg_catalog.replace(pg_catalog.replace({}, '#', 'OPERATOR(@'), '@', 'pg_catalog.')",
        quote_literal(&short)
    )
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

/// The statement that fails if the history cannot be trusted. It returns no row.
///
/// Planning the query that names every flaw costs several times as much as the rest of a read of
/// the history. So the statement first checks for the usual case (`ordinary.sql`). If that check
/// does not pass, it runs that query, which it contains as a text.
pub(crate) fn check_trust(tables: &Tables, purpose: Purpose) -> String {
    let schema_owner = match purpose {
        Purpose::Act => String::new(),
        Purpose::Show => format!(
            " OR own.owner OPERATOR(pg_catalog.=) {{role}} AND NOT {}",
            superuser("own.me")
        ),
    };
    let trusted = |role: &str| {
        let superuser = superuser(role);
        let schema_owner = schema_owner.replace("{role}", role);
        format!("({role} OPERATOR(pg_catalog.=) own.me OR {superuser}{schema_owner})")
    };
    let harmless = |acl: &str, owner: &str| {
        let trusted = trusted("g.grantee");
        format!(
            "({acl} IS NULL OR NOT EXISTS (SELECT FROM pg_catalog.aclexplode({acl}) g \
               WHERE g.privilege_type OPERATOR(pg_catalog.=) ANY ({WRITES}) AND NOT {trusted} \
               AND NOT pg_catalog.pg_has_role(g.grantee, {owner}, 'MEMBER')))"
        )
    };
    let texts = [
        ("{schema}", quote_literal(tables.schema_name())),
        ("{trusted_owner}", trusted("own.owner")),
        ("{harmless_schema}", harmless("own.acl", "own.owner")),
        ("{trusted_table}", trusted("c.relowner")),
        ("{harmless_table}", harmless("c.relacl", "c.relowner")),
        ("{find}", run_text(&shortened(&find_flaws(tables, purpose)))),
    ];
    query(ORDINARY, &texts) + ";"
}

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
