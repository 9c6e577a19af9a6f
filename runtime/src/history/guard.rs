//! Checks that nobody but trusted roles can write the history, before it is read.
//!
//! Whoever can write these tables decides what the role that migrates executes. So
//! [`check`] is a statement that goes before the statements that read them, in the same
//! message. It reads the catalog alone, and fails if the schema or a table belongs to a
//! stranger, if strangers may write to it, or if a row could not be read or written
//! without evaluating an expression that is not ours. The server skips the rest of the
//! message then: it analyses and plans a statement only when those before it have ended.
//!
//! A trigger is tolerated if those trusted roles alone decide what it executes: the owner of
//! its function may as well own the tables. What a rule, a policy, a default or a check calls
//! has no such owner: a table's owner writes its expression.
//!
//! Nothing changes between the check and the statements behind it: only the owners of the
//! schema and of its tables can alter them, and the check has found these to be trusted.
//! [`Purpose::Look`] says what holds where one more owner is trusted.

use migrator_plan::Conflict;
use tokio_postgres::error::{DbError, SqlState};

use super::flaw::{FIELD, Flaw};
use super::schema::Tables;
use crate::session::quote::quote_literal;

/// What the history is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To show how the database stands: nothing that is recorded is executed. So a role that
    /// is no superuser trusts whoever owns the schema. That owner may put a view in the
    /// place of a table after the check; so the statements that read refuse views
    /// ([`Tables::SAMPLE`]), and name columns without their table, which the server would
    /// look for among functions as well.
    Look,
    /// To change it, or to execute what is recorded.
    Act,
}

/// What opens the text of an error that a statement of ours raises.
const MARK: &str = "migrator: ";

/// What divides flaws.
const NEXT: char = '\u{1e}';

/// An expression of type `int4` that fails with a text, which [`raised`] finds again. The
/// server must not know the text before it executes the statement.
pub(crate) fn raise(text: &str) -> String {
    format!(
        "pg_catalog.concat('{MARK}', {text}, {})::pg_catalog.int4",
        chr(END)
    )
}

/// What closes it: the rest of the message is in the server's language.
const END: char = '\u{1d}';

/// The text that [`raise`] has failed with.
pub(crate) fn raised(said: &DbError) -> Option<&str> {
    if *said.code() != SqlState::INVALID_TEXT_REPRESENTATION {
        return None;
    }
    let (_, text) = said.message().split_once(MARK)?;
    Some(text.rsplit_once(END)?.0)
}

/// What the check has found, if it is the check that failed.
pub(crate) fn conflicts(said: &DbError) -> Option<Vec<Conflict>> {
    let flaws = raised(said)?.split(NEXT).map(Flaw::read);
    flaws.map(|flaw| Some(flaw?.conflict())).collect()
}

/// How many flaws the check reports at most (`guard.sql`).
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
pub(crate) fn check(tables: &Tables, purpose: Purpose) -> String {
    let superuser =
        |role: &str| format!("pg_catalog.pg_has_role({role}, 10::pg_catalog.oid, 'MEMBER')");
    let stranger = |role: &str| {
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
        ("{ns_stranger}", stranger("ns.nspowner")),
        ("{tab_stranger}", stranger("tab.relowner")),
        ("{function_stranger}", stranger("trg.proowner")),
        ("{grantee_stranger}", stranger("g.grantee")),
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

/// A character as an expression: in the query's text it would be in every log.
fn chr(character: char) -> String {
    format!("pg_catalog.chr({})", u32::from(character))
}

const QUERY: &str = include_str!("guard.sql");

/// The catalogs of what an expression can call.
const CODE: &str = "ARRAY['pg_catalog.pg_proc', 'pg_catalog.pg_operator', 'pg_catalog.pg_type', \
                    'pg_catalog.pg_cast']::pg_catalog.regclass[]::pg_catalog.oid[]";

/// The defaults of our own columns, and constants; as the server prints them, with the
/// name of `pg_catalog` left out. It is a regular expression, in a plain string.
const DEFAULT: &str = r"^((clock_timestamp|now|inet_client_addr|pg_backend_pid)[(][)]|CURRENT_USER|CURRENT_TIMESTAMP|(''[^'']*''|-?[0-9.]+|true|false|NULL)(::[a-z ]+([[][]])?)?)$";
