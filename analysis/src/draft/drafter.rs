//! Goes through an up script and collects the steps of its down script.

use std::collections::HashMap;

use migrator_model::place::Position;

use super::outcome::Draft;
use super::step::{Guards, Step, line};
use super::words::{Words, one_line};
use crate::names::Name;
use crate::objects::{self, Effect, Mention, Object, Space};
use crate::parse::{Id, Kind, Sql};

/// The longest part of a statement that a line of a draft quotes.
const QUOTED: usize = 60;

/// Collects the steps of a down script.
pub(super) struct Drafter<'s> {
    pub(super) sql: &'s Sql<'s>,
    mentions: Vec<Mention>,
    steps: Vec<Option<Placed>>,
    /// What the script creates, and the step that drops it.
    made: HashMap<Object, usize>,
    /// The statement that sets the search path before all others.
    head: Option<String>,
}

/// A step and the statement of the up script.
struct Placed {
    step: Step,
    statement: Id,
}

impl<'s> Drafter<'s> {
    pub(super) fn new(sql: &'s Sql<'s>) -> Drafter<'s> {
        Drafter {
            sql,
            mentions: objects::mentions(sql),
            steps: Vec::new(),
            made: HashMap::new(),
            head: None,
        }
    }

    pub(super) fn has(&self, node: Id, kind: Kind) -> bool {
        self.sql.find(node, kind).is_some()
    }

    pub(super) fn words(&self, node: Id) -> Words<'s> {
        Words::of(self.sql, node)
    }

    fn mentions_of(&self, statement: Id) -> impl Iterator<Item = &Mention> {
        let all = self.mentions.iter();
        all.filter(move |one| one.statement == statement)
    }

    /// The first object that a statement creates.
    pub(super) fn created(&self, statement: Id) -> Option<Object> {
        self.first(statement, Effect::Create)
    }

    /// The first object on which a statement has an effect.
    pub(super) fn first(&self, statement: Id, effect: Effect) -> Option<Object> {
        let mut own = self.mentions_of(statement);
        let found = own.find(|one| one.effect == effect);
        found.map(|one| one.object.clone())
    }

    /// The object that a statement is about.
    pub(super) fn target(&self, statement: Id) -> Option<Object> {
        let of = |space| {
            let mut own = self.mentions_of(statement);
            own.find(|one| one.object.space == space)
                .map(|one| one.object.clone())
        };
        of(Space::Relation)
            .or_else(|| of(Space::Routine))
            .or_else(|| of(Space::Type))
    }

    /// Whether the script creates an object.
    pub(super) fn makes(&self, object: &Object) -> bool {
        self.made.contains_key(object)
    }

    /// Whether the script creates an object that a statement mentions.
    pub(super) fn makes_any(&self, statement: Id) -> bool {
        let mut own = self.mentions_of(statement);
        own.any(|one| self.makes(&one.object))
    }

    /// Whether the script creates nothing but parts of tables after it has created an object.
    ///
    /// A part that needs a later object has to be dropped before that object.
    pub(super) fn is_last_made(&self, object: &Object) -> bool {
        let Some(&own) = self.made.get(object) else {
            return false;
        };
        let is_part = |object: &Object| object.of.is_some();
        let mut others = self.made.iter();
        others.all(|(object, &step)| step <= own || is_part(object))
    }

    /// Notes that the next step drops an object.
    pub(super) fn make(&mut self, object: Object) {
        self.made.insert(object, self.steps.len());
    }

    /// Notes the new name of an object that the script creates.
    pub(super) fn rename(&mut self, old: &Object, new: Object) {
        if let Some(step) = self.made.remove(old) {
            self.made.insert(new, step);
        }
    }

    /// Forgets an object, and the step that drops it. Returns whether the script creates it.
    pub(super) fn unmake(&mut self, object: &Object) -> bool {
        let Some(step) = self.made.remove(object) else {
            return false;
        };
        if let Some(slot) = self.steps.get_mut(step) {
            *slot = None;
        }
        true
    }

    pub(super) fn push(&mut self, statement: Id, step: Step) {
        self.steps.push(Some(Placed { step, statement }));
    }

    pub(super) fn gap(&mut self, statement: Id, why: &'static str) {
        self.push(statement, Step::Gap { why });
    }

    /// A change of rows. Those of a new table or column go with it.
    pub(super) fn rows(&mut self, statement: Id) {
        let own: Vec<Object> = self
            .mentions_of(statement)
            .filter(|one| one.object.space == Space::Relation)
            .map(|one| one.object.clone())
            .collect();
        let is_within = match self.sql.kind(statement) {
            Kind::TRUNCATE => own.iter().all(|one| self.makes(one)),
            Kind::COPY if !self.has(statement, Kind::COPY_FROM) => true,
            Kind::UPDATE => own
                .first()
                .is_some_and(|one| self.makes(one) || self.sets_new_columns(statement, &one.name)),
            Kind::INSERT | Kind::COPY | Kind::DELETE => {
                own.first().is_some_and(|one| self.makes(one))
            }
            _ => false,
        };
        if !is_within || self.has(statement, Kind::WITH_CLAUSE) {
            self.gap(statement, "the rows that this changes are not known");
        }
    }

    fn sets_new_columns(&self, statement: Id, table: &Name) -> bool {
        let sql = self.sql;
        let clause = sql.child(statement, Kind::SET_CLAUSE);
        let targets: Vec<Id> = clause.map_or_else(Vec::new, |clause| {
            let nodes = sql.descendants(clause);
            nodes
                .filter(|&id| sql.kind(id) == Kind::COLUMN_TARGET)
                .collect()
        });
        let is_new = |&id: &Id| {
            let name = crate::names::fold(sql.text_of(id));
            self.makes(&Object::part(Space::Column, table.clone(), name))
        };
        !targets.is_empty() && targets.iter().all(is_new)
    }

    /// A setting of the session. Only the search path changes what names mean.
    pub(super) fn setting(&mut self, statement: Id) {
        let text = one_line(self.sql.text_of(statement).trim_end_matches(';'));
        let lower = text.to_ascii_lowercase();
        let is_harmless = ["timeout", "client_", "check_function_bodies", "xmloption"];
        if lower.contains("search_path") && self.steps.is_empty() && self.head.is_none() {
            self.head = Some(text);
        } else if !is_harmless.iter().any(|word| lower.contains(word)) {
            self.gap(statement, "this setting may change the statements after it");
        }
    }

    /// A DROP of what the script creates leaves nothing to revert.
    pub(super) fn drops(&mut self, statement: Id) {
        let dropped: Vec<Object> = self
            .mentions_of(statement)
            .filter(|one| one.effect == Effect::Drop)
            .map(|one| one.object.clone())
            .collect();
        let is_own = !dropped.is_empty() && dropped.iter().all(|one| self.makes(one));
        if is_own && !self.has(statement, Kind::CASCADE) {
            for object in &dropped {
                self.unmake(object);
            }
            return;
        }
        self.gap(statement, "the up script does not say what this drops");
    }

    /// The draft.
    pub(super) fn finish(self) -> Draft {
        let steps: Vec<&Placed> = self.steps.iter().flatten().rev().collect();
        let is_gap = |one: &&Placed| matches!(one.step, Step::Gap { .. });
        if !steps.is_empty() && steps.iter().all(is_gap) {
            let first = steps.last().map(|one| self.gap_text(one));
            let more = match steps.len() {
                1 => String::new(),
                2 => "; nor can 1 more statement be reverted".to_owned(),
                count => format!("; nor can {} more statements be reverted", count - 1),
            };
            return Draft::Impossible(format!("{}{more}", first.unwrap_or_default()));
        }
        let is_concurrent = |one: &&Placed| match &one.step {
            Step::Undo(undo) => undo.is_concurrent(),
            Step::Perhaps { .. } | Step::Gap { .. } => false,
        };
        let (directive, guards) = match steps.iter().any(is_concurrent) {
            true => ("-- migrator: no-transaction\n", Guards::Present),
            false => ("", Guards::Absent),
        };
        let mut lines: Vec<String> = self.head.iter().map(|text| format!("{text};")).collect();
        let mut gaps = Vec::new();
        for placed in &steps {
            let what = match &placed.step {
                Step::Undo(undo) => {
                    lines.push(undo.text(guards));
                    continue;
                }
                Step::Perhaps { undo, when } => format!(
                    "`{}` {when}: `{}` (line {})",
                    undo.text(Guards::Absent),
                    self.quote(placed.statement),
                    self.line_of(placed.statement)
                ),
                Step::Gap { .. } => format!("what reverts {}", self.gap_text(placed)),
            };
            lines.push(line(&what));
            gaps.push(what);
        }
        if steps.is_empty() {
            lines = vec!["SELECT 1;".to_owned()];
        }
        let sql = format!("{directive}{}\n", lines.join("\n"));
        Draft::Script { sql, gaps }
    }

    fn gap_text(&self, placed: &Placed) -> String {
        let why = match placed.step {
            Step::Gap { why } => why,
            Step::Undo(_) | Step::Perhaps { .. } => "",
        };
        let statement = placed.statement;
        format!(
            "`{}` (line {}): {why}",
            self.quote(statement),
            self.line_of(statement)
        )
    }

    fn line_of(&self, statement: Id) -> usize {
        Position::at(self.sql.text, self.sql.range(statement).start).line
    }

    /// The start of a statement, in one line.
    fn quote(&self, statement: Id) -> String {
        let text = one_line(self.sql.text_of(statement).trim_end_matches(';'));
        match text.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", text[..end].trim_end()),
            None => text,
        }
        .replace('`', "'")
    }
}
