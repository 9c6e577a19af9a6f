//! The statements of one revision, in the SQL that Alembic prints.

use std::ops::Range;

use migrator_model::sql;

use crate::plain::behind;

/// The text between two revisions, without what Alembic itself adds at both ends: BEGIN, COMMIT,
/// and the statements about its history.
pub(super) struct Part {
    pub(super) range: Range<usize>,
    /// The statements of the migration.
    pub(super) statements: Vec<Range<usize>>,
    /// The revisions that the statements about the history name.
    pub(super) named: Vec<String>,
    /// Whether the migration leaves the transaction before its first statement.
    pub(super) no_transaction: bool,
}

impl Part {
    pub(super) fn read(text: &str, range: Range<usize>) -> Part {
        let all = sql::statements(&text[range.clone()]).into_iter();
        let mut statements: Vec<_> = all
            .map(|at| at.start + range.start..at.end + range.start)
            .collect();
        let role = |at: &Range<usize>| Role::of(&text[at.clone()]);
        let (mut named, mut no_transaction) = (Vec::new(), false);
        let mut kept = range.clone();
        let leading = statements.iter().take_while(|at| role(at) != Role::Own);
        let leading: Vec<_> = leading.cloned().collect();
        for at in &leading {
            kept.start = behind(text, at).min(range.end);
            // An `autocommit_block` ends the transaction.
            no_transaction |= role(at) == Role::End && statements.len() > leading.len();
        }
        statements.drain(..leading.len());
        while let Some(at) = statements.last().filter(|at| role(at) != Role::Own) {
            kept.end = at.start;
            named.extend(texts(&text[at.clone()]));
            statements.pop();
        }
        named.extend(leading.iter().flat_map(|at| texts(&text[at.clone()])));
        kept.end = kept.end.max(kept.start);
        // Only a script that stays outside is fit for this. `convert` refuses the others.
        no_transaction &= statements.iter().all(|at| !is_control(&text[at.clone()]));
        Part {
            range: kept,
            statements,
            named,
            no_transaction,
        }
    }
}

fn is_control(statement: &str) -> bool {
    sql::opens_transaction(statement) || sql::ends_transaction(statement)
}

/// Where a statement comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Alembic begins a transaction, or moves its history on.
    Tool,
    /// Alembic ends a transaction.
    End,
    /// The migration.
    Own,
}

impl Role {
    fn of(statement: &str) -> Role {
        if sql::ends_transaction(statement) {
            return Role::End;
        }
        let words = sql::parts(statement);
        let has = |word: &str| {
            let mut words = words.iter();
            words.any(|(part, _)| matches!(part, sql::Part::Word(one) if *one == word))
        };
        let verb = sql::first_word(statement).unwrap_or_default();
        let is_history = match verb.to_ascii_uppercase().as_str() {
            "INSERT" | "UPDATE" | "DELETE" | "CREATE" => has("version_num"),
            "DROP" => has("TABLE") && has("alembic_version"),
            _ => false,
        };
        match is_history || sql::opens_transaction(statement) {
            true => Role::Tool,
            false => Role::Own,
        }
    }
}

/// The strings of a statement.
fn texts(statement: &str) -> impl Iterator<Item = String> {
    let parts = sql::parts(statement).into_iter();
    parts.filter_map(|(part, _)| match part {
        sql::Part::Text(text) => Some(text),
        sql::Part::Word(_) | sql::Part::Quoted(_) | sql::Part::Mark(_) => None,
    })
}
