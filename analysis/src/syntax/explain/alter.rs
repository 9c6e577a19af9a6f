//! Explains unknown actions of ALTER statements.

use crate::syntax::context::{ErrorContext, nearest_word};
use crate::syntax::explanation::{Explanation, HELP};
use crate::syntax::words;

impl ErrorContext<'_> {
    /// An unknown action of ALTER TABLE.
    pub(in crate::syntax) fn action(&self) -> Option<Explanation> {
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
            None => match nearest_word(&verb, &words::ACTIONS) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if of_column => {
                    "write `ADD COLUMN`, `ALTER COLUMN`, `DROP COLUMN` or `RENAME COLUMN`"
                        .to_owned()
                }
                None => format!(
                    "repeat the action: `{} {}`",
                    self.last_action()?,
                    found.text
                ),
            },
        };
        let message = format!("`{}` is not an action of ALTER TABLE", found.text);
        Some(Explanation::new(found.range.start, message, help))
    }

    /// The first words of the action before the comma, such as `ADD COLUMN`.
    pub(in crate::syntax) fn last_action(&self) -> Option<String> {
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

    /// Whether the error is where an action of ALTER TABLE starts: after the table, or after a
    /// comma.
    pub(in crate::syntax) fn is_before_action(&self) -> bool {
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

    /// An unknown action of ALTER COLUMN, or an action that is a separate statement.
    pub(in crate::syntax) fn column_action(&self) -> Option<Explanation> {
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
            return Some(Explanation::new(
                offset,
                "`SET COLUMN` is not an action of ALTER TABLE",
                help,
            ));
        }
        if is(0, "INDEX") && is(1, "DROP") {
            let offset = self.before[self.before.len() - 2].range.start;
            let help = "write `DROP INDEX …` as a statement of its own";
            return Some(Explanation::new(
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
        Some(Explanation::new(offset, message, help))
    }

    /// An unknown action of an ALTER statement other than ALTER TABLE.
    pub(in crate::syntax) fn other_action(&self) -> Option<Explanation> {
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
                "Postgres cannot remove a value of an enum: create a new type, and change the columns to it"
            }
            () if object == "VIEW" => "write `CREATE OR REPLACE VIEW …` with the new query",
            () => HELP,
        };
        let message = match of_value {
            true => format!("`{} VALUE` is not an action of ALTER TYPE", found.text),
            false => format!("`{}` is not an action of ALTER {object}", found.text),
        };
        Some(Explanation::new(found.range.start, message, help))
    }
}
