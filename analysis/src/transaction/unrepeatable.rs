//! M0214: statements that cannot run again after a later statement has failed.

use migrator_model::Code;

use super::statement::first_words;
use crate::finding::Finding;
use crate::kinds::is_create;
use crate::objects::{Effect, Mention};
use crate::parse::{Id, Kind};
use crate::repeat::{self, Repeat};
use crate::script::Script;

/// A statement that cannot run again after a later statement has failed.
pub(super) fn unrepeatable<'a>(script: &'a Script<'a>) -> Option<Finding<'a>> {
    let sql = &script.sql;
    let statements: Vec<Id> = sql.all_statements().collect();
    let is_empty = |id: &Id| sql.kind(*id) == Kind::EMPTY_STMT;
    let last = statements.iter().rposition(|id| !is_empty(id))?;
    let mut before = statements[..last].iter().copied();
    let (statement, repeat) = before.find_map(|id| {
        let repeat = repeat::of(sql, id);
        (repeat != Repeat::Same && !is_recreated(script, id)).then_some((id, repeat))
    })?;
    let what = first_words(sql, statement, 2);
    let (message, help) = match repeat {
        Repeat::Doubles => (
            format!("if a later statement fails, a second run repeats the effect of this `{what}`"),
            "keep one statement in a migration, or write it so that a second run changes nothing",
        ),
        Repeat::Same | Repeat::Fails => (
            format!("if a later statement fails, this `{what}` cannot run again"),
            "keep one statement in a migration, or write IF EXISTS or IF NOT EXISTS",
        ),
    };
    let offset = sql.range(statement).start;
    Some(Finding::new(script, Code::M0214, offset, message, help))
}

/// Whether a DROP IF EXISTS before a statement drops all objects that the statement creates. Then a
/// second run succeeds.
fn is_recreated(script: &Script<'_>, statement: Id) -> bool {
    let sql = &script.sql;
    let guarded = |mention: &&Mention| {
        let within = sql.descendants(mention.statement);
        let mut parts = within.filter(|&id| sql.range(id).start == mention.offset);
        sql.child(mention.statement, Kind::IF_EXISTS).is_some()
            || parts.any(|id| sql.child(id, Kind::IF_EXISTS).is_some())
    };
    let before = script
        .mentions
        .iter()
        .filter(|one| one.statement < statement);
    let dropped = before
        .filter(|one| one.effect == Effect::Drop)
        .filter(guarded);
    let dropped: Vec<_> = dropped.map(|one| &one.object).collect();
    let of_statement = script
        .mentions
        .iter()
        .filter(|one| one.statement == statement);
    let mut own = of_statement
        .filter(|one| matches!(one.effect, Effect::Create | Effect::Drop))
        .peekable();
    let is_create = is_create(sql.kind(statement));
    let adds = || {
        let mut actions = sql.children(statement).filter(|&id| !sql.is_leaf(id));
        sql.kind(statement) == Kind::ALTER_TABLE
            && actions.all(|id| {
                matches!(
                    sql.kind(id),
                    Kind::ADD_CONSTRAINT | Kind::ADD_COLUMN | Kind::TABLE_RELATION_NAME
                )
            })
    };
    own.peek().is_some()
        && (is_create || adds())
        && own.all(|one| one.effect == Effect::Create && dropped.contains(&&one.object))
}
