//! Explains words of other databases, comments of other languages, and merge conflicts.

use crate::syntax::context::ErrorContext;
use crate::syntax::explanation::Explanation;
use crate::syntax::words;

impl ErrorContext<'_> {
    /// The marks of a merge conflict.
    pub(in crate::syntax) fn conflict(&self) -> Option<Explanation> {
        let found = self.found()?.range.start;
        let line = self.text[..found].rfind('\n').map_or(0, |end| end + 1);
        let marks = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
        let rest = &self.text[line..];
        marks.iter().any(|mark| rest.starts_with(mark)).then(|| {
            let message = "this merge conflict is not resolved";
            Explanation::new(
                line,
                message,
                "keep one side, and remove the lines of `<`, `=` and `>`",
            )
        })
    }

    /// A comment of another language.
    pub(in crate::syntax) fn comment(&self) -> Option<Explanation> {
        let found = self.found()?;
        let is_double = |mark: &str| self.text[found.range.start..].starts_with(mark);
        let mark = match found.text {
            "#" => "#",
            "/" if is_double("//") => "//",
            _ => return None,
        };
        Some(Explanation::new(
            found.range.start,
            format!("`{mark}` does not begin a comment in Postgres"),
            "begin the comment with `--`",
        ))
    }

    /// A name or a string in the wrong quotes.
    pub(in crate::syntax) fn quotes(&self) -> Option<Explanation> {
        let mut words = self.before.iter().chain(self.found());
        if let Some(tick) = words.find(|word| word.text.starts_with('`')) {
            let offset = tick.range.start;
            let message = "Postgres does not quote names with back-ticks";
            let help = "write the name without quotes, or in double quotes";
            return Some(Explanation::new(offset, message, help));
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
            return Some(Explanation::new(offset, message, help));
        }
        let takes_string = self.follows("IS") && self.before.first()?.is("COMMENT");
        (found.text.starts_with('"') && takes_string).then(|| {
            let message = "a comment is a string, and double quotes quote names";
            Explanation::new(offset, message, "write it in single quotes")
        })
    }

    /// A word of another database.
    pub(in crate::syntax) fn foreign(&self) -> Option<Explanation> {
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
            return Some(Explanation::new(found.range.start, message, help));
        }
        let is_update = found.is("ON") && self.after.get(1).is_some_and(|next| next.is("UPDATE"));
        if is_update && self.is_definition() {
            let message = "`ON UPDATE` of a column is not known to Postgres";
            let help = "set the column in a trigger BEFORE UPDATE";
            return Some(Explanation::new(found.range.start, message, help));
        }
        let last = self.last()?;
        if last.is("TOP")
            && self.before.len() > 1
            && self.before[self.before.len() - 2].is("SELECT")
        {
            let help = words::foreign("TOP")?;
            return Some(Explanation::new(
                last.range.start,
                "`TOP` is not known to Postgres",
                help,
            ));
        }
        if last.is("VALUE") && found.text == "(" {
            let message = "INSERT has no word `VALUE`";
            return Some(Explanation::new(
                last.range.start,
                message,
                "write `VALUES`",
            ));
        }
        let is_placed = found.is_among(&["AFTER", "FIRST"]) && self.before.first()?.is("ALTER");
        if is_placed {
            let message = format!("`{}` is not known to Postgres here", found.text);
            let help = "remove it: a new column comes after the others";
            return Some(Explanation::new(found.range.start, message, help));
        }
        let is_limit = found.text == "," && self.before.iter().rev().nth(1)?.is("LIMIT");
        is_limit.then(|| {
            let message = "`LIMIT` takes one number";
            Explanation::new(found.range.start, message, "write `LIMIT … OFFSET …`")
        })
    }
}
