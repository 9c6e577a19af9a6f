//! M0233: two names that Postgres truncates to the same 63 bytes.

use migrator_model::Code;

use crate::finding::Finding;
use crate::names::{LONGEST, fold, fold_whole};
use crate::objects::Effect;
use crate::parse::{Id, Kind, Sql};
use crate::script::Script;
use crate::state::State;

/// The names of created objects that Postgres truncates to the name of an existing object. `state`
/// is the state before the statement.
pub(super) fn find<'a>(
    script: &'a Script<'a>,
    statement: Id,
    state: &State<'a>,
) -> Vec<Finding<'a>> {
    let sql = &script.sql;
    let mut findings = within(script, statement);
    for mention in script.mentions_of(statement) {
        let name = &mention.object.name.name;
        // A shorter name is not truncated.
        if mention.effect != Effect::Create || name.len() < LONGEST - 3 {
            continue;
        }
        let Some(site) = state.made(&mention.object) else {
            continue;
        };
        let here = whole(sql, mention.offset, name);
        let there = whole(&site.script.sql, site.offset, name);
        if let (Some(here), Some(there)) = (here, there)
            && here != there
        {
            let help = format!(
                "choose another name: {} creates the first object",
                site.place()
            );
            findings.push(finding(script, mention.offset, [&here, &there], help));
        }
    }
    findings
}

/// The columns and constraints of a new table.
fn within<'a>(script: &'a Script<'a>, statement: Id) -> Vec<Finding<'a>> {
    let sql = &script.sql;
    let mut names: Vec<(Kind, String, Id)> = Vec::new();
    let mut findings = Vec::new();
    let Some(list) = sql.child(statement, Kind::TABLE_ARG_LIST) else {
        return findings;
    };
    let is_name = |&id: &Id| matches!(sql.kind(id), Kind::COLUMN_NAME | Kind::CONSTRAINT_NAME);
    for node in sql.descendants(list).filter(is_name) {
        let (kind, name) = (sql.kind(node), fold_whole(sql.text_of(node)));
        let cut = fold(sql.text_of(node));
        let other = names.iter().find(|(other_kind, other, _)| {
            *other_kind == kind && *other != name && fold_again(other) == cut
        });
        if let Some((_, other, _)) = other {
            let help = "give it another name".to_owned();
            findings.push(finding(script, sql.range(node).start, [&name, other], help));
        }
        names.push((kind, name, node));
    }
    findings
}

fn finding<'a>(
    script: &'a Script<'a>,
    offset: usize,
    [name, other]: [&str; 2],
    help: String,
) -> Finding<'a> {
    let message = format!(
        "`{name}` and `{other}` are the same name to Postgres: it keeps only the first {LONGEST} bytes"
    );
    Finding::new(script, Code::M0233, offset, message, help)
}

/// The full name at or after an offset that Postgres truncates to `name`.
fn whole(sql: &Sql<'_>, offset: usize, name: &str) -> Option<String> {
    let leaves = sql.descendants(crate::parse::ROOT);
    let mut leaves = leaves.filter(|&id| sql.is_leaf(id) && sql.range(id).start >= offset);
    let leaf = leaves.find(|&id| fold(sql.text_of(id)) == name)?;
    Some(fold_whole(sql.text_of(leaf)))
}

fn fold_again(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST)]
}
