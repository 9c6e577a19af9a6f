//! What is not SQL: what the parser refuses, and three things that it lets pass.

use migrator_model::Code;

use crate::finding::Finding;
use crate::parse::{Id, Kind, ROOT, Sql};
use crate::script::Script;

/// The first syntax error of a script: what follows it is mostly of its making.
pub(crate) fn find<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let refused = sql.errors.first();
    let refused = refused.map(|error| (error.offset, reworded(sql, &error.message, error.offset)));
    let passed = [unseparated(sql), untyped(sql), nameless(sql)];
    let first = passed
        .into_iter()
        .flatten()
        .chain(refused)
        .min_by_key(|(offset, _)| *offset);
    first.map(|(offset, message)| {
        let help = "write it as Postgres takes it; `migrator check --server` asks a server";
        Finding::new(
            script,
            Code::M0208,
            offset,
            format!("this is not SQL: {message}"),
            help,
        )
    })
}

/// The parser's message with what the user wrote instead of the kind of a token.
fn reworded(sql: &Sql<'_>, message: &str, offset: usize) -> String {
    let rest = sql.text.get(offset..).unwrap_or_default().trim_start();
    let length = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(rest.len(), |at| at.max(1));
    let found = rest.get(..length).unwrap_or_default();
    let expectation = message.split(", found").next().unwrap_or(message);
    let expectation = expectation.split(", got").next().unwrap_or(expectation);
    let words: Vec<String> = expectation.split(' ').map(word).collect();
    let expectation = match expectation {
        "expected command" => "no statement starts like this".to_owned(),
        _ => words.join(" "),
    };
    match found.is_empty() {
        true => format!("{expectation}, but the script ends"),
        false if found.contains('`') => expectation,
        false => format!("{expectation}, at `{found}`"),
    }
}

/// The kind of a token as it is written.
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

/// Two statements without a semicolon between them.
fn unseparated(sql: &Sql<'_>) -> Option<(usize, String)> {
    let statements: Vec<Id> = sql.all_statements().collect();
    let mut pairs = statements.windows(2).filter(|pair| {
        let ends = sql.children(pair[0]).last();
        let is_statement = |id: Id| !matches!(sql.kind(id), Kind::ERROR | Kind::EMPTY_STMT);
        ends.is_none_or(|end| sql.kind(end) != Kind::SEMICOLON)
            && is_statement(pair[0])
            && is_statement(pair[1])
    });
    let next = pairs.next()?[1];
    let message = "a semicolon is missing before this statement";
    Some((sql.range(next).start, message.to_owned()))
}

/// A column without a type, where it cannot have one from elsewhere.
fn untyped(sql: &Sql<'_>) -> Option<(usize, String)> {
    let column = sql.descendants(ROOT).find(|&node| {
        let has_type = || sql.children(node).any(|child| is_type(sql.kind(child)));
        let within = |kind| sql.ancestors(node).any(|id| sql.child(id, kind).is_some());
        sql.kind(node) == Kind::COLUMN
            && sql.child(node, Kind::COLUMN_NAME).is_some()
            && !has_type()
            && !within(Kind::PARTITION_OF)
            && !within(Kind::OF_TYPE)
            && sql
                .ancestors(node)
                .any(|id| sql.kind(id) == Kind::CREATE_TABLE)
    })?;
    let name = sql.text_of(sql.child(column, Kind::COLUMN_NAME)?);
    Some((
        sql.range(column).start,
        format!("the column `{name}` has no type"),
    ))
}

fn is_type(kind: Kind) -> bool {
    format!("{kind:?}").ends_with("_TYPE")
}

/// A DROP of nothing.
fn nameless(sql: &Sql<'_>) -> Option<(usize, String)> {
    let statement = sql.all_statements().find(|&id| {
        let kind = format!("{:?}", sql.kind(id));
        let is_name = |child: &Id| !sql.is_leaf(*child) && !is_modifier(sql.kind(*child));
        kind.starts_with("DROP_") && sql.children(id).find(is_name).is_none()
    })?;
    Some((
        sql.range(statement).start,
        "it does not say what to drop".to_owned(),
    ))
}

fn is_modifier(kind: Kind) -> bool {
    matches!(kind, Kind::IF_EXISTS | Kind::CASCADE | Kind::RESTRICT)
}
