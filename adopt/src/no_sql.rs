//! Finds what is no SQL: the commands and variables of psql, its data behind COPY, and placeholders.

use migrator_model::{Code, Mode, Problem, sql};

use crate::source::OldScript;

/// The commands and variables of psql in a script, its placeholders, and the first COPY from or to
/// the client. The lines behind a COPY are data, and are not read.
pub(crate) fn problems(script: &OldScript) -> Vec<Problem> {
    let text = script.sql.as_str();
    let unfit = sql::unfit(text, Mode::NoTransaction);
    let copy = unfit.filter(|unfit| unfit.why == sql::Why::TalksToClient);
    let end = copy.map_or(text.len(), |copy| copy.offset);
    let problem = |offset, message: String, help: &str| {
        Problem::at(Code::M1002, script.place(offset), message, help)
    };
    let mut problems: Vec<_> = finds(text)
        .into_iter()
        .filter(|find| find.offset() < end)
        .map(|find| match find {
            Find::Command(offset) => problem(
                offset,
                format!("`{}` is a psql command", word(&text[offset..])),
                "remove the command, or write its result into the file",
            ),
            Find::Variable(offset) => problem(
                offset,
                "psql replaces this variable".to_owned(),
                "write the value; `migrator` replaces no variables",
            ),
            Find::Placeholder(offset) => problem(
                offset,
                "this is a placeholder, and no SQL".to_owned(),
                "write the value; `migrator` replaces no placeholders",
            ),
        })
        .collect();
    problems.extend(
        copy.map(|copy| problem(copy.offset, copy.why.message().to_owned(), copy.why.help())),
    );
    problems
}

/// Something that is no SQL.
enum Find {
    Command(usize),
    Variable(usize),
    Placeholder(usize),
}

impl Find {
    fn offset(&self) -> usize {
        match self {
            Find::Command(offset) | Find::Variable(offset) | Find::Placeholder(offset) => *offset,
        }
    }
}

fn finds(text: &str) -> Vec<Find> {
    let mut finds = Vec::new();
    let mut command_line = None;
    // For each open bracket, whether a colon inside it is SQL: of `a[1:n]` or `JSON_OBJECT(a:b)`.
    let mut open: Vec<bool> = Vec::new();
    let mut before = "";
    for (part, end) in sql::parts(text) {
        let sql::Part::Mark(mark) = part else {
            before = match part {
                sql::Part::Word(word) => word,
                sql::Part::Quoted(_) | sql::Part::Text(_) | sql::Part::Mark(_) => "",
            };
            continue;
        };
        let word = std::mem::take(&mut before).to_ascii_lowercase();
        let start = end - mark.len();
        let line = text[..start].rfind('\n');
        if command_line.is_some_and(|of_command| of_command == line) {
            continue;
        }
        let has_colons = open.last().copied().unwrap_or(false);
        match mark {
            "[" => open.push(true),
            "(" => open.push(["json_object", "json_objectagg"].contains(&word.as_str())),
            "]" | ")" => drop(open.pop()),
            "{" => finds.extend(placeholder(text, start).map(Find::Placeholder)),
            _ if mark.starts_with('\\') => {
                command_line = Some(line);
                finds.push(Find::Command(start));
            }
            _ if mark.starts_with(':') && !has_colons && is_variable(text, start) => {
                finds.push(Find::Variable(start));
            }
            _ => {}
        }
    }
    finds
}

/// Where the placeholder starts whose brace this is: `${name}`, `#{name}`, `{{name}}` or `{name}`.
fn placeholder(text: &str, brace: usize) -> Option<usize> {
    match text[..brace].chars().next_back() {
        // It was found before.
        Some('{' | ':') => None,
        Some('$' | '#' | '%') => Some(brace - 1),
        _ => Some(brace),
    }
}

/// Whether the colon at this offset starts `:name`, `:'name'`, `:"name"` or `:{?name}`.
fn is_variable(text: &str, colon: usize) -> bool {
    let next = text[colon..].chars().nth(1);
    let starts_name = |c: char| c.is_alphabetic() || ['_', '\'', '"', '{'].contains(&c);
    next.is_some_and(starts_name) && !text[..colon].ends_with(':')
}

/// The backslash and the letters behind it.
fn word(text: &str) -> &str {
    let letters = text.char_indices().skip(1);
    let mut others = letters.filter(|(_, c)| !c.is_alphanumeric() && *c != '_');
    &text[..others.next().map_or(text.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::source::OldScript;

    fn found(text: &str) -> Vec<String> {
        let script = OldScript::whole("a.sql".to_owned(), text.to_owned());
        let problems = problems(&script);
        let found = problems
            .iter()
            .map(|one| format!("{} {}", one.place.as_ref().unwrap(), one.message));
        found.collect()
    }

    #[test]
    fn commands_and_variables_have_a_place() {
        let text = "\\set x 'it''s' :y\n\\i other.sql\nSELECT :x, :'x', :\"x\";\n\\";
        assert_eq!(
            found(text),
            [
                "a.sql:1:1 `\\set` is a psql command",
                "a.sql:2:1 `\\i` is a psql command",
                "a.sql:3:8 psql replaces this variable",
                "a.sql:3:12 psql replaces this variable",
                "a.sql:3:18 psql replaces this variable",
                "a.sql:4:1 `\\` is a psql command",
            ]
        );
    }

    #[test]
    fn placeholders_have_a_place() {
        let text = "SELECT '${a}', ${b};\nSELECT {{c}}, :{?d}, f({e}) /* {f} */;\n";
        assert_eq!(
            found(text),
            [
                "a.sql:1:16 this is a placeholder, and no SQL",
                "a.sql:2:8 this is a placeholder, and no SQL",
                "a.sql:2:15 psql replaces this variable",
                "a.sql:2:24 this is a placeholder, and no SQL",
            ]
        );
    }

    #[test]
    fn sql_has_colons_and_backslashes_too() {
        let text = "SELECT 'a:b'::text, E'\\n', '\\x'::bytea, a[1:n], $$ :x \\i $$ -- :x \\i\n\
                    FROM \"a:b\" /* \\i :x */; CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql \
                    AS $f$ BEGIN a := 1; RETURN a :: int; END $f$; SELECT f(a => 1, b := c), \
                    JSON_OBJECT('a':b, c:d), '{1}'::int[];";
        assert_eq!(found(text), [] as [String; 0]);
    }

    #[test]
    fn the_lines_behind_a_copy_are_data() {
        let text = "SELECT 1;\nCOPY a FROM STDIN;\n1\t\\N\n\\.\n";
        assert_eq!(found(text).len(), 1);
        assert!(
            found(text)[0].starts_with("a.sql:2:1 "),
            "{:?}",
            found(text)
        );
    }
}
