//! Watches whether a script catches a refusal of the server.
//!
//! Once no role is a superuser, the server may refuse what it has allowed on the live server. A
//! script that catches the refusal goes on, and makes something else than it has made there. The
//! log tells which block caught an error; the handlers of the block tell whether the error can be
//! a refusal.

mod condition;
mod handler;
mod log;

use std::io;
use std::path::PathBuf;

use migrator_runtime::Client;
use tokio_postgres::SimpleQueryMessage;

use condition::is_refusal;
use handler::{blocks, defines_refusal_handler, has_refusal_handler, has_word, may_catch_refusal};
use log::{Log, Logged};

pub(crate) use log::SETTING;

/// The watch over the scripts of a server.
pub(crate) struct Watch {
    log: Log,
    /// What a probe logs before the SQLSTATE.
    marker: String,
}

/// What is known of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nothing: the server logged no transaction.
    Nothing,
    /// It caught no refusal.
    Clean,
    /// It caught an error that may be a refusal.
    Caught,
}

/// A PL/pgSQL function of the server.
struct Function {
    /// Its name with and without its schema, as the server writes them in front of the arguments.
    names: [String; 2],
    body: String,
}

/// What caught an error.
#[derive(Debug, PartialEq, Eq)]
enum Catcher<'c> {
    /// A `DO` statement of the script.
    Block,
    /// A `DO` statement that another statement ran; the text starts with that.
    InnerBlock(&'c str),
    /// A function, with the types of its arguments.
    Function(&'c str),
    /// Another language.
    Unknown,
}

impl Watch {
    /// A watch over a server with this log file. A script cannot guess `random`.
    pub(crate) fn new(log: PathBuf, random: &str) -> Watch {
        Watch {
            log: Log::new(log),
            marker: format!("migrator probe {random} "),
        }
    }

    /// The script with its probes: they log the SQLSTATE of an error that a `DO` statement
    /// catches. `None` if it needs no probe.
    pub(crate) fn probed(&self, script: &str) -> Option<String> {
        handler::probed(script, &self.marker)
    }

    /// Starts to watch the next script.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        self.log.skip()
    }

    /// Judges the script that ran since [`Watch::begin`], with the probes of [`Watch::probed`].
    pub(crate) async fn end(&mut self, script: &str, admin: &Client) -> io::Result<Watched> {
        let logged = self.log.read(&self.marker)?;
        if !logged.transactions {
            return Ok(Watched::Nothing);
        }
        let functions = match logged.contexts.is_empty() {
            true => Vec::new(),
            false => functions(admin).await.map_err(io::Error::other)?,
        };
        Ok(match may_be_refused(&logged, script, &functions) {
            true => Watched::Caught,
            false => Watched::Clean,
        })
    }
}

fn may_be_refused(logged: &Logged, script: &str, functions: &[Function]) -> bool {
    let mut contexts = logged.contexts.iter();
    logged.states.iter().any(|state| is_refusal(state))
        || contexts.any(|context| match Catcher::of(context) {
            // In dollar quotes, each handler that may catch a refusal has a probe.
            Catcher::Block => {
                let blocks = blocks(script);
                let mut unprobed = blocks.iter().filter(|body| !body.is_dollar_quoted);
                blocks.is_empty() || unprobed.any(|body| may_catch_refusal(&body.text))
            }
            Catcher::InnerBlock(text) => {
                let blocks = blocks(text);
                blocks.is_empty() || blocks.iter().any(|body| may_catch_refusal(&body.text))
            }
            Catcher::Function(name) => function_may_catch(name, script, functions),
            Catcher::Unknown => true,
        })
}

/// Whether a function may have caught a refusal, as it is now or as the script defines it.
fn function_may_catch(name: &str, script: &str, functions: &[Function]) -> bool {
    let is_named = |function: &&Function| function.names.iter().any(|one| name.starts_with(one));
    let mut named = functions.iter().filter(is_named).peekable();
    if named.peek().is_some() {
        let bare = name.split('(').next().unwrap_or(name);
        let bare = bare.rsplit('.').next().unwrap_or(bare);
        return named.any(|function| may_catch_refusal(&function.body))
            || defines_refusal_handler(script, bare);
    }
    // The script has dropped the function, and may have built its text.
    has_refusal_handler(script) || has_word(script, "execute")
}

impl Catcher<'_> {
    /// Reads the context of an abort.
    fn of(context: &str) -> Catcher<'_> {
        let (first, rest) = match context.split_once('\n') {
            Some((first, rest)) => (first, Some(rest)),
            None => (context, None),
        };
        let name = first
            .strip_prefix("PL/pgSQL function ")
            .and_then(|first| first.strip_suffix(" during exception cleanup"))
            .and_then(|first| first.rsplit_once(" line "))
            .map(|(name, _)| name);
        match (name, rest) {
            (Some("inline_code_block"), None) => Catcher::Block,
            (Some("inline_code_block"), Some(rest)) => {
                match rest.strip_prefix("SQL statement \"") {
                    Some(text) => Catcher::InnerBlock(text),
                    None => Catcher::Unknown,
                }
            }
            (Some(name), _) => Catcher::Function(name),
            (None, _) => Catcher::Unknown,
        }
    }
}

async fn functions(admin: &Client) -> Result<Vec<Function>, tokio_postgres::Error> {
    let query = "SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(p.proname), p.prosrc \
           FROM pg_catalog.pg_proc p \
           JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
           JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang \
          WHERE l.lanname OPERATOR(pg_catalog.=) 'plpgsql'";
    let answers = admin.postgres().simple_query(query).await?;
    let functions = answers.iter().filter_map(|answer| {
        let SimpleQueryMessage::Row(row) = answer else {
            return None;
        };
        let (schema, name, body) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Some(Function {
            names: [format!("{name}("), format!("{schema}.{name}(")],
            body: body.to_owned(),
        })
    });
    Ok(functions.collect())
}

#[cfg(test)]
mod tests {
    use super::{Catcher, Function, function_may_catch};

    #[test]
    fn the_context_of_an_abort_names_what_caught_the_error() {
        let block = "PL/pgSQL function inline_code_block line 2 during exception cleanup";
        assert_eq!(Catcher::of(block), Catcher::Block);
        let inner = format!("{block}\nSQL statement \"DO $$ $$\"\nx");
        assert_eq!(Catcher::of(&inner), Catcher::InnerBlock("DO $$ $$\"\nx"));
        let function = "PL/pgSQL function shop.f(text) line 3 during exception cleanup\nx";
        assert_eq!(Catcher::of(function), Catcher::Function("shop.f(text)"));
        for other in [
            "",
            "PL/Perl function \"f\"",
            &format!("{block}\nSQL function \"f\" statement 1"),
        ] {
            assert_eq!(Catcher::of(other), Catcher::Unknown, "{other}");
        }
    }

    #[test]
    fn a_function_is_judged_by_each_of_its_definitions() {
        let body = |condition: &str| format!("BEGIN x; EXCEPTION WHEN {condition} THEN NULL; END");
        let function = |condition| Function {
            names: ["f(".to_owned(), "shop.f(".to_owned()],
            body: body(condition),
        };
        let may_catch = |script: &str, condition| {
            function_may_catch("shop.f(text)", script, &[function(condition)])
        };
        assert!(!may_catch("SELECT 1", "duplicate_object"));
        assert!(may_catch("SELECT 1", "others"));
        let create =
            |name, condition| format!("CREATE FUNCTION {name}(text) AS $$ {} $$", body(condition));
        assert!(may_catch(&create("shop.f", "others"), "duplicate_object"));
        assert!(!may_catch(&create("shop.g", "others"), "duplicate_object"));
        let dynamic = create("shop.f", "others").replace('\'', "''");
        let dynamic = format!("DO $do$ BEGIN EXECUTE '{dynamic}'; END $do$");
        assert!(may_catch(&dynamic, "duplicate_object"));
        let dropped = |script: &str| function_may_catch("shop.f(text)", script, &[]);
        assert!(!dropped(&create("shop.f", "duplicate_object")));
        assert!(dropped(&create("shop.f", "others")));
        assert!(dropped("DO $$ BEGIN EXECUTE x; END $$"));
    }
}
