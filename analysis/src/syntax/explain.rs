//! Explains an error of the parser in the words of the person who made it.
//!
//! The parser says where it stopped, and what it expected. The words around that place show
//! what the author meant.

use std::ops::Range;

use migrator_model::diagnostic::Position;
use migrator_model::nearest;
use squawk_lexer::TokenKind;

use super::{HELP, shown, words};
use crate::parse::{Id, Kind, Sql};

/// A syntax error with its place.
pub(super) struct Explained {
    pub(super) offset: usize,
    pub(super) message: String,
    pub(super) help: String,
}

impl Explained {
    pub(super) fn new(
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Explained {
        Explained {
            offset,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Two statements without a semicolon between them, or the wrong verb of an ALTER.
pub(super) fn unseparated(sql: &Sql<'_>) -> Option<Explained> {
    let statements: Vec<Id> = sql.all_statements().collect();
    let mut pairs = statements.windows(2).filter(|pair| {
        // The semicolon behind CREATE SCHEMA is in the last thing that it makes.
        let ends = sql.descendants(pair[0]).last();
        let is_statement = |id: Id| !matches!(sql.kind(id), Kind::ERROR | Kind::EMPTY_STMT);
        ends.is_none_or(|end| sql.kind(end) != Kind::SEMICOLON)
            && is_statement(pair[0])
            && is_statement(pair[1])
    });
    let next = pairs.next()?[1];
    let offset = sql.range(next).start;
    let context = Context::at(sql.text, offset);
    Some(context.action().unwrap_or_else(|| {
        Explained::new(
            offset,
            "a semicolon is missing before this statement",
            "end the statement before it with `;`",
        )
    }))
}

/// The parser's first error, with what was meant where that can be told.
pub(super) fn explain(sql: &Sql<'_>, offset: usize, message: &str) -> Explained {
    let context = Context::at(sql.text, offset);
    let found = [
        Context::conflict,
        Context::comment,
        Context::quotes,
        Context::action,
        Context::column_action,
        Context::other_action,
        Context::beginning,
        Context::object,
        Context::next_statement,
        Context::missing_as,
        Context::foreign,
        Context::comma,
        Context::reserved,
        Context::misspelt,
    ];
    let mut found = found.into_iter();
    let explained = found.find_map(|explanation| explanation(&context));
    explained
        .or_else(|| context.parenthesis(message))
        .unwrap_or_else(|| context.plain(message))
}

/// The words around an error.
struct Context<'a> {
    text: &'a str,
    /// Those of the statement up to the error.
    before: Vec<Word<'a>>,
    /// Those from the error on.
    after: Vec<Word<'a>>,
}

#[derive(Clone, Debug)]
struct Word<'a> {
    text: &'a str,
    range: Range<usize>,
}

impl Word<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn is_among(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    fn is_word(&self) -> bool {
        let mut characters = self.text.chars();
        characters.all(|c| c.is_alphanumeric() || c == '_')
    }
}

impl<'a> Context<'a> {
    fn at(text: &'a str, error: usize) -> Context<'a> {
        let mut context = Context {
            text,
            before: Vec::new(),
            after: Vec::new(),
        };
        let mut offset = 0;
        for token in squawk_lexer::tokenize(text) {
            let range = offset..offset + token.len as usize;
            offset = range.end;
            let is_trivia = matches!(
                token.kind,
                TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. }
            );
            if is_trivia {
                continue;
            }
            let word = Word {
                text: &text[range.clone()],
                range,
            };
            if word.range.end > error {
                context.after.push(word);
            } else if token.kind == TokenKind::Semi {
                context.before.clear();
            } else {
                context.before.push(word);
            }
        }
        context
    }

    fn found(&self) -> Option<&Word<'a>> {
        self.after.first()
    }

    fn last(&self) -> Option<&Word<'a>> {
        self.before.last()
    }

    fn follows(&self, word: &str) -> bool {
        self.last().is_some_and(|last| last.is(word))
    }

    /// What a merge left behind.
    fn conflict(&self) -> Option<Explained> {
        let found = self.found()?.range.start;
        let line = self.text[..found].rfind('\n').map_or(0, |end| end + 1);
        let marks = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
        let rest = &self.text[line..];
        marks.iter().any(|mark| rest.starts_with(mark)).then(|| {
            let message = "this merge conflict is not resolved";
            Explained::new(
                line,
                message,
                "keep one side, and remove the lines of `<`, `=` and `>`",
            )
        })
    }

    /// Comments of other languages.
    fn comment(&self) -> Option<Explained> {
        let found = self.found()?;
        let is_double = |mark: &str| self.text[found.range.start..].starts_with(mark);
        let mark = match found.text {
            "#" => "#",
            "/" if is_double("//") => "//",
            _ => return None,
        };
        Some(Explained::new(
            found.range.start,
            format!("`{mark}` does not begin a comment in Postgres"),
            "begin the comment with `--`",
        ))
    }

    /// Names and strings in the wrong quotes.
    fn quotes(&self) -> Option<Explained> {
        let mut words = self.before.iter().chain(self.found());
        if let Some(tick) = words.find(|word| word.text.starts_with('`')) {
            let offset = tick.range.start;
            let message = "Postgres does not quote names with back-ticks";
            let help = "write the name without quotes, or in double quotes";
            return Some(Explained::new(offset, message, help));
        }
        let found = self.found()?;
        let offset = found.range.start;
        let names = [
            "TABLE", "INTO", "FROM", "UPDATE", "JOIN", "ON", "COLUMN", "EXISTS", ".",
        ];
        let is_name = self.last().is_some_and(|last| last.is_among(&names));
        if found.text == "[" && is_name {
            let message = "Postgres does not quote names with brackets";
            let help = "write the name without brackets, or in double quotes";
            return Some(Explained::new(offset, message, help));
        }
        let takes_string = self.follows("IS") && self.before.first()?.is("COMMENT");
        (found.text.starts_with('"') && takes_string).then(|| {
            let message = "a comment is a string, and double quotes quote names";
            Explained::new(offset, message, "write it in single quotes")
        })
    }

    /// What an ALTER TABLE does not do.
    fn action(&self) -> Option<Explained> {
        let found = self.found().filter(|found| found.is_word())?;
        if !self.is_before_action() || found.is_among(&words::ACTIONS) {
            return None;
        }
        let verb = found.text.to_ascii_uppercase();
        let of_column = self.after.get(1).is_some_and(|next| next.is("COLUMN"));
        let of_constraint = self.after.get(1).is_some_and(|next| next.is("CONSTRAINT"));
        let help = match words::foreign(&verb) {
            Some(_) if of_constraint && ["DELETE", "REMOVE"].contains(&verb.as_str()) => {
                "write `DROP CONSTRAINT`".to_owned()
            }
            Some(help) => help.to_owned(),
            None => match near(&verb, &words::ACTIONS) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if of_column => {
                    "write `ADD COLUMN`, `ALTER COLUMN`, `DROP COLUMN` or `RENAME COLUMN`"
                        .to_owned()
                }
                None => format!(
                    "repeat what is done: `{} {}`",
                    self.last_action()?,
                    found.text
                ),
            },
        };
        let message = format!("`{}` is not an action of ALTER TABLE", found.text);
        Some(Explained::new(found.range.start, message, help))
    }

    /// The words of the action before a comma, without what it is done to.
    fn last_action(&self) -> Option<String> {
        let (_, before) = self
            .before
            .split_last()
            .filter(|(last, _)| last.text == ",")?;
        let start = before
            .iter()
            .rposition(|word| word.is_among(&words::ACTIONS))?;
        let verb = before[start..].iter().take(2);
        let verb = verb.filter(|word| {
            word.is_among(&words::ACTIONS) || word.is_among(&["COLUMN", "CONSTRAINT"])
        });
        let verb: Vec<String> = verb.map(|word| word.text.to_ascii_uppercase()).collect();
        Some(verb.join(" "))
    }

    /// What an ALTER COLUMN does not do, and what is a statement of its own.
    fn column_action(&self) -> Option<Explained> {
        if !self.before.first()?.is("ALTER") || !self.before.get(1)?.is("TABLE") {
            return None;
        }
        let found = self.found()?;
        let offset = found.range.start;
        let behind: Vec<&str> = self.before.iter().rev().map(|word| word.text).collect();
        let is = |at: usize, word: &str| {
            behind
                .get(at)
                .is_some_and(|one| one.eq_ignore_ascii_case(word))
        };
        if is(0, "SET") && found.is("COLUMN") {
            let help = "write `ALTER COLUMN … SET DEFAULT …`";
            return Some(Explained::new(
                offset,
                "`SET COLUMN` is not an action of ALTER TABLE",
                help,
            ));
        }
        if is(0, "INDEX") && is(1, "DROP") {
            let offset = self.before[self.before.len() - 2].range.start;
            let help = "write `DROP INDEX …` as a statement of its own";
            return Some(Explained::new(
                offset,
                "`DROP INDEX` is not an action of ALTER TABLE",
                help,
            ));
        }
        let is_column = is(1, "COLUMN") && is(2, "ALTER") || is(1, "ALTER") && behind.len() > 3;
        if !is_column
            || !found.is_word()
            || found.is_among(&["TYPE", "DROP", "ADD", "RESET", "RESTART"])
        {
            return None;
        }
        let help = match self.after.get(1) {
            Some(next) if found.is("SET") && next.is("TYPE") => {
                "write `TYPE …` or `SET DATA TYPE …`"
            }
            _ if found.is("SET") => return None,
            _ if found.is("NOT") || found.is("NULL") => "write `SET NOT NULL` or `DROP NOT NULL`",
            _ if found.is("DEFAULT") => "write `SET DEFAULT …` or `DROP DEFAULT`",
            _ => "write `TYPE …` for another type, `SET …` or `DROP …`",
        };
        let word = found.text;
        let message = match found.is("SET") {
            true => "`SET TYPE` is not an action of ALTER COLUMN".to_owned(),
            false => format!("`{word}` is not an action of ALTER COLUMN"),
        };
        Some(Explained::new(offset, message, help))
    }

    /// What an ALTER of something else than a table does not do.
    fn other_action(&self) -> Option<Explained> {
        let [first, object, name @ ..] = self.before.as_slice() else {
            return None;
        };
        let is_alter = first.is("ALTER") && object.is_among(&words::OBJECTS) && !object.is("TABLE");
        let is_named = match name {
            [_] => true,
            [_, dot, _] => dot.text == ".",
            _ => false,
        };
        let found = self.found().filter(|found| found.is_word())?;
        let is_action = found.is_among(&words::ACTIONS);
        if !is_alter
            || !is_named
            || is_action && !self.after.get(1)?.is("VALUE") && !found.is("ADD")
        {
            return None;
        }
        let object = object.text.to_ascii_uppercase();
        let of_value = object == "TYPE" && self.after.get(1).is_some_and(|next| next.is("VALUE"));
        let help = match () {
            () if of_value => {
                "Postgres removes no value of an enum: make a new type, and change the columns to it"
            }
            () if object == "VIEW" => "write `CREATE OR REPLACE VIEW …` with the new query",
            () => HELP,
        };
        let message = match of_value {
            true => format!("`{} VALUE` is not an action of ALTER TYPE", found.text),
            false => format!("`{}` is not an action of ALTER {object}", found.text),
        };
        Some(Explained::new(found.range.start, message, help))
    }

    /// What stands behind AS stands there without it.
    fn missing_as(&self) -> Option<Explained> {
        let found = self.found()?;
        let second = self.before.get(1)?;
        let is_create = self.before.first()?.is("CREATE") && !self.follows("AS");
        let is_body = found.text.starts_with('$') || found.text.starts_with('\'');
        let of_routine = self
            .before
            .iter()
            .any(|word| word.is_among(&["FUNCTION", "PROCEDURE"]));
        let is_missing =
            second.is("TYPE") && found.is_among(&["ENUM", "RANGE"]) || of_routine && is_body;
        (is_create && is_missing).then(|| {
            let what = match is_body {
                true => "this string".to_owned(),
                false => shown(found.text),
            };
            let message = format!("`AS` is missing before {what}");
            Explained::new(found.range.start, message, "write `AS` before it")
        })
    }

    /// Whether an action of ALTER TABLE stands where the error is: behind the table,
    /// or behind a comma.
    fn is_before_action(&self) -> bool {
        let mut words = self.before.iter();
        let (Some(first), Some(second)) = (words.next(), words.next()) else {
            return false;
        };
        if !first.is("ALTER") || !second.is("TABLE") {
            return false;
        }
        let open = self.before.iter().filter(|word| word.text == "(").count();
        let closed = self.before.iter().filter(|word| word.text == ")").count();
        let mut rest = words.as_slice();
        if let [one, two, behind @ ..] = rest
            && one.is("IF")
            && two.is("EXISTS")
        {
            rest = behind;
        }
        let rest = match rest {
            [only, behind @ ..] if only.is("ONLY") => behind,
            rest => rest,
        };
        let is_table = match rest {
            [_] => true,
            [_, star] => star.text == "*",
            [_, dot, _] => dot.text == ".",
            _ => false,
        };
        is_table || self.follows(",") && open == closed
    }

    /// A word with which no statement begins.
    fn beginning(&self) -> Option<Explained> {
        let found = self.found().filter(|found| found.is_word())?;
        let is_go = found.is("GO") && self.is_first_in_line(found);
        if !self.before.is_empty() && !is_go || found.is_among(&words::STATEMENTS) {
            return None;
        }
        let help = match (
            words::foreign(found.text),
            near(found.text, &words::STATEMENTS),
        ) {
            (Some(help), _) => help.to_owned(),
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) => HELP.to_owned(),
        };
        let message = format!("no statement starts with `{}`", found.text);
        Some(Explained::new(found.range.start, message, help))
    }

    /// CREATE, ALTER or DROP of what there is not.
    fn object(&self) -> Option<Explained> {
        let whole: Vec<&Word<'_>> = self.before.iter().chain(&self.after).collect();
        let first = whole.first()?;
        if !first.is_among(&["CREATE", "ALTER", "DROP"]) {
            return None;
        }
        let of_replace =
            |words: &[&Word<'_>]| words.len() > 3 && words[1].is("OR") && words[2].is("REPLACE");
        let at = if of_replace(&whole) { 3 } else { 1 };
        // Only where the parser has stopped there.
        if self.before.len() > at {
            return None;
        }
        let verb = first.text.to_ascii_uppercase();
        if whole.get(1).is_none_or(|next| next.text == ";") {
            let message = format!("{verb} does not say of what");
            return Some(Explained::new(first.range.start, message, HELP));
        }
        let object = whole.get(at).filter(|word| word.is_word())?;
        if at == 3 && object.is("TABLE") {
            let message = "a table cannot be replaced";
            let help = "write `CREATE TABLE IF NOT EXISTS`, or drop the table before";
            return Some(Explained::new(object.range.start, message, help));
        }
        if object.is_among(&words::OBJECTS) {
            return None;
        }
        if object.is_among(&["COLUMN", "CONSTRAINT"]) {
            let message = format!("no statement starts with `{verb} {}`", object.text);
            let help = format!(
                "write `ALTER TABLE … {verb} {} …`",
                object.text.to_ascii_uppercase()
            );
            return Some(Explained::new(first.range.start, message, help));
        }
        let help = match near(object.text, &words::OBJECTS) {
            Some(meant) => format!("did you mean `{verb} {meant}`?"),
            None => HELP.to_owned(),
        };
        let message = format!("`{}` cannot follow {verb}", object.text);
        Some(Explained::new(object.range.start, message, help))
    }

    /// The first word of the next statement: the parser may have taken it for an alias.
    fn next_statement(&self) -> Option<Explained> {
        let is_begin = |word: &Word<'_>| {
            word.is_among(&words::STATEMENTS) && word.is_among(&words::RESERVED)
                || word.is_among(&["ALTER", "DROP", "INSERT", "UPDATE", "DELETE"])
        };
        let count = |mark: &str| self.before.iter().filter(|word| word.text == mark).count();
        if count("(") > count(")") {
            return None;
        }
        let words: Vec<&Word<'_>> = self.before.iter().chain(self.found()).skip(1).collect();
        let mut words = words.into_iter().rev().take(2);
        let word = words.find(|word| is_begin(word) && self.is_first_in_line(word))?;
        let offset = word.range.start;
        let at_word = Context::at(self.text, offset);
        Some(at_word.action().unwrap_or_else(|| {
            Explained::new(
                offset,
                "a semicolon is missing before this statement",
                "end the statement before it with `;`",
            )
        }))
    }

    /// What other databases take.
    fn foreign(&self) -> Option<Explained> {
        let found = self.found()?;
        let of_column = [
            "AUTO_INCREMENT",
            "AUTOINCREMENT",
            "UNSIGNED",
            "ZEROFILL",
            "COMMENT",
        ];
        let of_table = ["ENGINE", "CHARSET", "ROW_FORMAT"];
        let of_query = ["IGNORE", "TOP"];
        let is_identity =
            found.is("IDENTITY") && self.after.get(1).is_some_and(|next| next.text == "(");
        let is_among = |list: &[&str]| found.is_among(list);
        if is_identity || is_among(&of_column) || is_among(&of_table) || is_among(&of_query) {
            let help = words::foreign(found.text)?;
            let message = format!("`{}` is not known to Postgres", found.text);
            return Some(Explained::new(found.range.start, message, help));
        }
        let is_update = found.is("ON") && self.after.get(1).is_some_and(|next| next.is("UPDATE"));
        if is_update && self.is_definition() {
            let message = "`ON UPDATE` of a column is not known to Postgres";
            let help = "set the column in a trigger BEFORE UPDATE";
            return Some(Explained::new(found.range.start, message, help));
        }
        let last = self.last()?;
        if last.is("TOP")
            && self.before.len() > 1
            && self.before[self.before.len() - 2].is("SELECT")
        {
            let help = words::foreign("TOP")?;
            return Some(Explained::new(
                last.range.start,
                "`TOP` is not known to Postgres",
                help,
            ));
        }
        if last.is("VALUE") && found.text == "(" {
            let message = "`VALUE` is no word of INSERT";
            return Some(Explained::new(last.range.start, message, "write `VALUES`"));
        }
        let is_placed = found.is_among(&["AFTER", "FIRST"]) && self.before.first()?.is("ALTER");
        if is_placed {
            let message = format!("`{}` is not known to Postgres here", found.text);
            let help = "remove it: a new column comes after the others";
            return Some(Explained::new(found.range.start, message, help));
        }
        let is_limit = found.text == "," && self.before.iter().rev().nth(1)?.is("LIMIT");
        is_limit.then(|| {
            let message = "`LIMIT` takes one number";
            Explained::new(found.range.start, message, "write `LIMIT … OFFSET …`")
        })
    }

    /// A comma with nothing behind it.
    fn comma(&self) -> Option<Explained> {
        let (last, found) = (self.last(), self.found());
        let of_list = [
            "FROM",
            "WHERE",
            "RETURNING",
            "VALUES",
            "GROUP",
            "ORDER",
            "HAVING",
            "LIMIT",
        ];
        let ends =
            |word: &Word<'_>| word.text == ")" || word.text == ";" || word.is_among(&of_list);
        let comma = match (last, found) {
            (Some(comma), Some(next))
                if comma.text == "," && ends(next) && !self.is_definition() =>
            {
                comma
            }
            (Some(comma), Some(next)) if comma.text == "," && [")", ";"].contains(&next.text) => {
                comma
            }
            (Some(comma), None) if comma.text == "," => comma,
            (_, Some(comma)) if comma.text == "," && self.after.get(1).is_none_or(ends) => comma,
            _ => return None,
        };
        let offset = comma.range.start;
        let message = "nothing follows this comma";
        Some(Explained::new(
            offset,
            message,
            "remove the comma, or write what follows it",
        ))
    }

    /// Whether the error is among the columns of a table.
    fn is_definition(&self) -> bool {
        self.before.first().is_some_and(|word| word.is("CREATE"))
    }

    /// A reserved word where a name belongs.
    fn reserved(&self) -> Option<Explained> {
        let found = self
            .found()
            .filter(|found| found.is_among(&words::RESERVED))?;
        let last = self.last()?;
        let names = [
            "TABLE", "COLUMN", "VIEW", "INTO", "UPDATE", "INDEX", "TYPE", "FROM", "JOIN",
        ];
        let is_name = last.is_among(&names)
            || last.text == "." && self.before.len() > 1
            || last.is("EXISTS") && self.is_definition()
            || self.is_definition() && [",", "("].contains(&last.text);
        let is_clause = found.is_among(&["SELECT", "WHERE", "FROM", "SET", "VALUES", "USING"]);
        if !is_name || is_clause {
            return None;
        }
        if found.is("TABLE") && last.is_among(&["UPDATE", "INTO", "FROM"]) {
            let message = format!("`TABLE` is not allowed after `{}`", last.text);
            return Some(Explained::new(found.range.start, message, "remove it"));
        }
        let name = found.text;
        let message = format!("`{name}` is a reserved word, not a name");
        let help = format!(
            "write `\"{}\"`, or choose another name",
            name.to_ascii_lowercase()
        );
        Some(Explained::new(found.range.start, message, help))
    }

    /// A word that is nearly one that belongs there.
    fn misspelt(&self) -> Option<Explained> {
        let meant = |word: &Word<'_>| {
            let is_known = word.is_among(&words::CLAUSES)
                || word.is_among(&words::RESERVED)
                || word.is_among(&words::TYPES);
            let near = mistyped(word.text).filter(|_| word.is_word() && !is_known);
            near.map(|meant| (word.range.start, word.text.to_owned(), meant))
        };
        let at_error = self.found().and_then(meant);
        // The parser has taken it for an alias, or for the name of a column.
        let of_query = ["SELECT", "UPDATE", "DELETE", "INSERT", "WITH"];
        let is_query = self.before.iter().any(|word| word.is_among(&of_query));
        let before = || self.last().filter(|_| is_query).and_then(meant);
        let behind_verb = || {
            let verbs = ["ADD", "DROP", "ALTER", "RENAME"];
            let mut pairs = self.before.windows(2).skip(1);
            let pair = pairs.find(|pair| pair[0].is_among(&verbs) && meant(&pair[1]).is_some())?;
            meant(&pair[1]).filter(|(.., meant)| ["COLUMN", "CONSTRAINT"].contains(meant))
        };
        let returned = || {
            let returned = self.before.iter().find(|word| word.is("RETURN"));
            let returned = returned.filter(|_| self.is_definition())?;
            Some((returned.range.start, returned.text.to_owned(), "RETURNS"))
        };
        let found = at_error
            .or_else(before)
            .or_else(behind_verb)
            .or_else(returned);
        let (offset, word, meant) = found?;
        let message = format!("`{word}` is not allowed here");
        Some(Explained::new(
            offset,
            message,
            format!("did you mean `{meant}`?"),
        ))
    }

    /// Parentheses that do not match.
    fn parenthesis(&self, message: &str) -> Option<Explained> {
        let mut open: Vec<&Word<'_>> = Vec::new();
        for word in &self.before {
            match word.text {
                "(" => open.push(word),
                ")" => {
                    open.pop();
                }
                _ => {}
            }
        }
        let found = self.found();
        let ends = found.is_none_or(|found| found.text == ";");
        if let (Some(first), true) = (open.last(), ends) {
            let Position { line, column } = Position::at(self.text, first.range.start);
            let message = format!(
                "the parenthesis at {line}:{column} is not closed before the statement ends"
            );
            let offset = found.map_or(self.text.trim_end().len(), |found| found.range.start);
            return Some(Explained::new(offset, message, "write the missing `)`"));
        }
        let found = found?;
        let is_extra =
            found.text == ")" && open.is_empty() && message.starts_with("expected command");
        is_extra.then(|| {
            let message = "no open parenthesis matches this one";
            Explained::new(
                found.range.start,
                message,
                "remove it, or write the missing `(`",
            )
        })
    }

    /// What the parser says, with what the user wrote instead of the kind of a token.
    fn plain(&self, message: &str) -> Explained {
        let found = self.found();
        let offset = found.map_or(self.text.trim_end().len(), |found| found.range.start);
        let at = found.map(|found| match found.text.starts_with(['\'', '$']) {
            true => "this string".to_owned(),
            false => shown(found.text),
        });
        let expectation = message.split(", found").next().unwrap_or(message);
        let expectation = expectation.split(", got").next().unwrap_or(expectation);
        let message = match (expectation, &at, self.last()) {
            ("expected command", Some(at), Some(last)) => {
                format!(
                    "{at} cannot follow {} in this {}",
                    shown(last.text),
                    self.statement()
                )
            }
            ("expected type name", Some(at), _) => format!("a type is missing before {at}"),
            ("expected command", Some(at), None) => format!("no statement starts with {at}"),
            ("expected COMMA", Some(at), _) if self.is_definition() => {
                format!("expected `,` or `)`, at {at}")
            }
            ("expected COMMA" | "missing comma", Some(at), Some(last)) => {
                format!(
                    "{at} cannot follow {}; perhaps a comma is missing",
                    shown(last.text)
                )
            }
            (_, Some(at), _) => format!("{}, at {at}", reworded(expectation)),
            (_, None, _) => format!("{}, but the script ends", reworded(expectation)),
        };
        Explained::new(offset, message, HELP)
    }

    /// What the statement is called: by its first word, or two.
    fn statement(&self) -> String {
        let words = self.before.iter().take(2).enumerate();
        let words = words.take_while(|(at, word)| *at == 0 || word.is_among(&words::OBJECTS));
        let words: Vec<String> = words
            .map(|(_, word)| word.text.to_ascii_uppercase())
            .collect();
        words.join(" ")
    }

    fn is_first_in_line(&self, word: &Word<'_>) -> bool {
        let before = &self.text[..word.range.start];
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        line.trim().is_empty()
    }
}

/// The word of a list that is nearly this one.
fn near(word: &str, list: &[&'static str]) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    if upper.len() < 3 {
        return None;
    }
    let found = nearest(&upper, list.iter().copied())?;
    let is_near = found.len().abs_diff(upper.len()) <= 2
        && found.chars().next() == upper.chars().next()
        && found != upper;
    is_near.then_some(found)
}

/// The word of a clause from which a word differs by a slip of the finger or two.
fn mistyped(word: &str) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    let slips = match upper.len() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    let distances = words::CLAUSES
        .iter()
        .filter(|clause| clause.len() > 3)
        .map(|clause| (strsim::osa_distance(&upper, clause), *clause));
    let (distance, clause) = distances.min()?;
    (distance <= slips).then_some(clause)
}

/// The kinds of tokens in a message as they are written.
fn reworded(message: &str) -> String {
    let words: Vec<String> = message.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let punctuation = match word {
        "L_PAREN" => "(",
        "R_PAREN" => ")",
        "L_BRACK" => "[",
        "R_BRACK" => "]",
        "COMMA" => ",",
        "SEMICOLON" => ";",
        "EQ" => "=",
        "DOT" => ".",
        "IDENT" => return "a name".to_owned(),
        "path" => return "a".to_owned(),
        _ => match word.strip_suffix("_KW") {
            Some(keyword) => return format!("`{keyword}`"),
            None => return word.to_owned(),
        },
    };
    format!("`{punctuation}`")
}
