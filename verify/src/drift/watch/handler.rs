//! Finds the handlers in the text of a script or function.

use migrator_model::sql::{self, Part};

use super::condition::{catches_refusal, is_refusal};

/// A handler of a PL/pgSQL block: `WHEN duplicate_object OR unique_violation THEN`.
struct Handler {
    /// Whether it may catch a refusal.
    catches_refusal: bool,
    /// The offset behind its `THEN`.
    end: usize,
}

/// A string that may be the body of a block or function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// The text; empty for a string with escapes.
    pub(super) text: String,
    /// Whether it is written in dollar quotes.
    pub(super) is_dollar_quoted: bool,
}

/// Whether one of the handlers of a PL/pgSQL body may catch a refusal. A text without handlers
/// counts too: something else caught the error.
pub(super) fn may_catch_refusal(body: &str) -> bool {
    let handlers = handlers(body);
    handlers.is_empty() || handlers.iter().any(|handler| handler.catches_refusal)
}

/// Whether a body at any depth of this text has a handler that catches a refusal.
pub(super) fn has_refusal_handler(text: &str) -> bool {
    let catches = |handler: &Handler| handler.catches_refusal;
    let mut inner = literals(text);
    handlers(text).iter().any(catches) || inner.any(|body| has_refusal_handler(&body.text))
}

/// Whether the text, or a string nested in it at any depth, contains the word.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_word =
        |part: &Part<'_>| matches!(part, Part::Word(one) if one.eq_ignore_ascii_case(word));
    sql::parts(text).iter().any(|(part, _)| is_word(part))
        || literals(text).any(|body| has_word(&body.text, word))
}

/// The bodies of the `DO` statements that have a handler. A body whose text is not known is empty.
pub(super) fn blocks(sql: &str) -> Vec<Body> {
    let bodies = statements_of(sql, "do").flat_map(literals);
    // A block without a handler catches nothing.
    let bodies = bodies.filter(|body| body.text.is_empty() || !handlers(&body.text).is_empty());
    bodies.collect()
}

/// Whether a text, at any depth, defines a function of this name with a handler that catches a
/// refusal.
pub(super) fn defines_refusal_handler(text: &str, name: &str) -> bool {
    definitions(text, name).any(has_refusal_handler)
        || literals(text).any(|body| defines_refusal_handler(&body.text, name))
}

/// The statements of a text that create an object and contain this name.
fn definitions<'s>(sql: &'s str, name: &str) -> impl Iterator<Item = &'s str> {
    let name = name.trim_matches('"').to_lowercase();
    statements_of(sql, "create").filter(move |statement| {
        sql::parts(statement).iter().any(|(part, _)| match part {
            Part::Word(word) => word.to_lowercase() == name,
            Part::Quoted(word) => word.to_lowercase() == name,
            Part::Text(_) | Part::Mark(_) => false,
        })
    })
}

/// The script with a probe in each handler of a `DO` statement that may catch a refusal: a
/// statement that logs `marker` and the SQLSTATE. `None` if no such handler is written in
/// dollar quotes.
pub(super) fn probed(script: &str, marker: &str) -> Option<String> {
    let mut offsets = Vec::new();
    for range in sql::statements(script) {
        let statement = script.get(range.clone()).unwrap_or_default();
        if !starts_with(statement, "do") {
            continue;
        }
        for (part, end) in sql::parts(statement) {
            let Part::Mark(mark) = part else { continue };
            let Some((quote, body)) = dollar_quoted(mark) else {
                continue;
            };
            let start = range.start + end - mark.len() + quote;
            let unclear = handlers(body).into_iter();
            let unclear = unclear.filter(|handler| handler.catches_refusal);
            offsets.extend(unclear.map(|handler| start + handler.end));
        }
    }
    if offsets.is_empty() {
        return None;
    }
    let mut probed = script.to_owned();
    for offset in offsets.into_iter().rev() {
        probed.insert_str(offset, &format!(" RAISE LOG '{marker}%', SQLSTATE;"));
    }
    Some(probed)
}

fn handlers(body: &str) -> Vec<Handler> {
    let parts = sql::parts(body);
    let word = |at: usize| match parts.get(at) {
        Some((Part::Word(word), _)) => word.to_lowercase(),
        _ => String::new(),
    };
    let first = (0..parts.len()).find(|&at| word(at) == "exception" && word(at + 1) == "when");
    let Some(first) = first else {
        return Vec::new();
    };
    let whens = (first..parts.len()).filter(|&at| word(at) == "when");
    whens.filter_map(|at| handler(&parts, at + 1)).collect()
}

/// Reads a handler's conditions from behind its `WHEN`. A `WHEN` of `CASE` or `EXIT` with another
/// expression than a name is no handler.
fn handler(parts: &[(Part<'_>, usize)], mut at: usize) -> Option<Handler> {
    let mut found = false;
    loop {
        found |= match &parts.get(at)?.0 {
            Part::Word(word) if word.eq_ignore_ascii_case("sqlstate") => {
                at += 1;
                match &parts.get(at)?.0 {
                    Part::Text(state) => is_refusal(state),
                    Part::Word(_) | Part::Quoted(_) | Part::Mark(_) => true,
                }
            }
            Part::Word(name) => catches_refusal(name),
            Part::Quoted(name) => catches_refusal(name),
            Part::Text(_) | Part::Mark(_) => return None,
        };
        let (Part::Word(next), end) = parts.get(at + 1)? else {
            return None;
        };
        if next.eq_ignore_ascii_case("then") {
            return Some(Handler {
                catches_refusal: found,
                end: *end,
            });
        }
        if !next.eq_ignore_ascii_case("or") {
            return None;
        }
        at += 2;
    }
}

fn statements_of<'s>(sql: &'s str, first: &'static str) -> impl Iterator<Item = &'s str> {
    let statements = sql::statements(sql).into_iter();
    let statements = statements.filter_map(|range| sql.get(range));
    statements.filter(move |statement| starts_with(statement, first))
}

fn starts_with(statement: &str, first: &str) -> bool {
    let parts = sql::parts(statement);
    matches!(parts.first(), Some((Part::Word(word), _)) if word.eq_ignore_ascii_case(first))
}

/// The strings of a text.
fn literals(text: &str) -> impl Iterator<Item = Body> {
    let body = |text: &str, is_dollar_quoted| Body {
        text: text.to_owned(),
        is_dollar_quoted,
    };
    let parts = sql::parts(text).into_iter();
    parts.filter_map(move |(part, _)| match part {
        Part::Text(text) => Some(body(&text, false)),
        Part::Mark(mark) => match dollar_quoted(mark) {
            Some((_, text)) => Some(body(text, true)),
            None => mark.ends_with('\'').then(|| body("", false)),
        },
        Part::Word(_) | Part::Quoted(_) => None,
    })
}

/// The length of the quotation mark, and what is between the marks.
fn dollar_quoted(mark: &str) -> Option<(usize, &str)> {
    let tag = mark.strip_prefix('$')?.find('$')? + 2;
    let (quote, rest) = mark.split_at(tag);
    Some((tag, rest.strip_suffix(quote)?))
}

#[cfg(test)]
mod tests {
    use super::{blocks, has_refusal_handler, may_catch_refusal, probed};

    #[test]
    fn a_handler_of_named_conditions_catches_no_refusal() {
        for body in [
            "BEGIN CREATE ROLE r; EXCEPTION WHEN duplicate_object THEN NULL; END",
            "BEGIN x; exception when unique_violation or DUPLICATE_TABLE then NULL; \
             WHEN sqlstate '42701' THEN y := CASE WHEN a THEN 1 END; EXIT WHEN b > 1; END",
            "BEGIN x; EXCEPTION WHEN undefined_column THEN -- WHEN others THEN\n y('WHEN others THEN'); END",
        ] {
            assert!(!may_catch_refusal(body), "{body}");
        }
        for body in [
            "BEGIN RETURN; END",
            "BEGIN x; EXCEPTION WHEN OTHERS THEN NULL; END",
            "BEGIN x; EXCEPTION WHEN \"others\" THEN NULL; END",
            "BEGIN x; EXCEPTION WHEN duplicate_object THEN NULL; WHEN SQLSTATE '42501' THEN NULL; END",
            "BEGIN x; EXCEPTION WHEN duplicate_object OR insufficient_privilege THEN NULL; END",
            "BEGIN x; EXCEPTION WHEN SQLSTATE E'42501' THEN NULL; END",
        ] {
            assert!(may_catch_refusal(body), "{body}");
        }
    }

    #[test]
    fn the_blocks_of_a_script_are_its_do_statements_with_a_handler() {
        let script = "DO $$ BEGIN x; END $$; do language 'plpgsql' '\
            BEGIN x(''a''); EXCEPTION WHEN others THEN END'; SELECT $$ $$; DO E'y'";
        let expected = ["BEGIN x('a'); EXCEPTION WHEN others THEN END", ""];
        let found: Vec<String> = blocks(script).into_iter().map(|body| body.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_handler_is_found_at_any_depth() {
        assert!(has_refusal_handler(
            "DO $a$ BEGIN EXECUTE 'DO $b$ BEGIN x; EXCEPTION WHEN others THEN END $b$'; END $a$"
        ));
        assert!(!has_refusal_handler(
            "SELECT 'EXCEPTION', $$ WHEN others THEN $$"
        ));
    }

    #[test]
    fn a_probe_comes_first_in_its_handler() {
        let script = "SELECT 'ü'; DO $x$ BEGIN a; EXCEPTION WHEN duplicate_object THEN b; \
                      WHEN OTHERS THEN c; END $x$;";
        let expected = "SELECT 'ü'; DO $x$ BEGIN a; EXCEPTION WHEN duplicate_object THEN b; \
                        WHEN OTHERS THEN RAISE LOG 'm %', SQLSTATE; c; END $x$;";
        assert_eq!(probed(script, "m ").as_deref(), Some(expected));
        assert_eq!(
            probed("DO 'BEGIN EXCEPTION WHEN OTHERS THEN END'", "m "),
            None
        );
        assert_eq!(probed("DO $$ BEGIN x; END $$", "m "), None);
    }
}
