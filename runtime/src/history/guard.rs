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
//! [`Purpose::Look`] trusts one more owner, and documents what follows.

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
    Look,
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

/// The end of that text: the rest of the error is in the server's language.
const END: char = '\u{1d}';

/// The text of a failed [`raise`].
pub(crate) fn raised(said: &DbError) -> Option<&str> {
    if *said.code() != SqlState::INVALID_TEXT_REPRESENTATION {
        return None;
    }
    let (_, text) = said.message().split_once(MARK)?;
    Some(text.rsplit_once(END)?.0)
}

/// The conflicts that [`check_trust`] found, if the error comes from it.
pub(crate) fn conflicts(said: &DbError) -> Option<Vec<Conflict>> {
    let flaws = raised(said)?.split(NEXT).map(Flaw::read);
    flaws.map(|flaw| Some(flaw?.conflict())).collect()
}

/// The maximum number of flaws that the check reports (`guard.sql`).
const MOST: usize = 8;

/// Whether the check has failed, but the schema and the table `format` can be trusted. Then a
/// newer format may explain the flaws of the other tables.
pub(super) fn trusts_format(said: &DbError) -> bool {
    let flaws = raised(said).into_iter().flat_map(|text| text.split(NEXT));
    let flaws: Option<Vec<Flaw>> = flaws.map(Flaw::read).collect();
    flaws.is_some_and(|flaws| {
        (1..MOST).contains(&flaws.len()) && !flaws.iter().any(Flaw::is_about_format)
    })
}

/// The statement that fails if the history cannot be trusted. It returns no row.
pub(crate) fn check_trust(tables: &Tables, purpose: Purpose) -> String {
    let superuser =
        |role: &str| format!("pg_catalog.pg_has_role({role}, 10::pg_catalog.oid, 'MEMBER')");
    let untrusted = |role: &str| {
        let superuser = superuser(role);
        format!(
            "({role} OPERATOR(pg_catalog.<>) ALL (SELECT safe.oid FROM safe) AND NOT {superuser})"
        )
    };
    let look = match purpose {
        Purpose::Act => String::new(),
        Purpose::Look => format!(
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
        ("{look}", look),
        ("{me_super}", superuser("me.oid")),
        ("{grantor_super}", superuser("m.grantor")),
        ("{dba_super}", superuser("d.datdba")),
        ("{ns_untrusted}", untrusted("ns.nspowner")),
        ("{tab_untrusted}", untrusted("tab.relowner")),
        ("{function_untrusted}", untrusted("trg.proowner")),
        ("{grantee_untrusted}", untrusted("g.grantee")),
        ("{code}", CODE.to_owned()),
        ("{default}", format!("'{DEFAULT}'")),
        ("{field}", chr(FIELD)),
        ("{most}", MOST.to_string()),
        ("{raise}", raise(&list)),
    ];
    let lines = QUERY.lines().filter(|line| !line.starts_with("--"));
    let mut query: String = lines
        .map(|line| line.trim_start().to_owned() + " ")
        .collect();
    for (place, text) in texts {
        query = query.replace(place, &text);
    }
    query
}

/// An expression for a control character, so that the server's logs do not contain the character.
fn chr(character: char) -> String {
    format!("pg_catalog.chr({})", u32::from(character))
}

const QUERY: &str = include_str!("guard.sql");

/// The catalogs of the objects that an expression can call.
const CODE: &str = "ARRAY['pg_catalog.pg_proc', 'pg_catalog.pg_operator', 'pg_catalog.pg_type', \
                    'pg_catalog.pg_cast']::pg_catalog.regclass[]::pg_catalog.oid[]";

/// The allowed defaults: those of migrator's own columns, and constants. It is a regular expression
/// for the text that the server prints, without the name of `pg_catalog`.
const DEFAULT: &str = r"^((clock_timestamp|now|inet_client_addr|pg_backend_pid)[(][)]|CURRENT_USER|CURRENT_TIMESTAMP|(''[^'']*''|-?[0-9.]+|true|false|NULL)(::[a-z ]+([[][]])?)?)$";
