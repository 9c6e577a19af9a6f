//! Finds the outcomes of the up script that the down script does not reverse.

use migrator_model::Code;

use super::comparison::Comparison;
use super::dependencies::goes_with_table;
use super::not_undone::{Expected, NotUndone};
use super::operations::{DynamicSql, Operation};
use super::outcomes::Outcome;
use super::statements::{self, again};
use crate::objects::{Object, Space};
use crate::parse::Kind;

impl<'a> Comparison<'_, 'a> {
    pub(super) fn left(&self, outcome: &Outcome<'a>) -> Option<NotUndone<'a>> {
        if self.down.dynamic_sql == DynamicSql::Present {
            return None;
        }
        match outcome {
            Outcome::Changed(_) => None,
            Outcome::Recreated(object, both) => self.remade(object, &both.dropped, &both.made),
            Outcome::Created(object, by)
                if self.up.has(by, Kind::OR_REPLACE) && by.made.is_some() =>
            {
                self.replaced(object, by)
            }
            Outcome::Created(object, by) => {
                let is_in_doubt =
                    self.is_made_for_others(object, by) || self.may_be_there(object, by);
                (!is_in_doubt && !self.is_dropped(object, by))
                    .then(|| self.describe(outcome, object, by))
            }
            Outcome::Renamed(object, by) => {
                let is_fine = self.is_of_new_table(object) || self.is_renamed_back(object, by);
                (!is_fine).then(|| self.describe(outcome, object, by))
            }
            Outcome::Dropped(object, by) => {
                let is_fine = self.up.dynamic_sql == DynamicSql::Present
                    || self.is_of_new_table(object)
                    || self.is_made_again(object)
                    || goes_with_table(&self.up, &self.names, object);
                (!is_fine).then(|| self.describe(outcome, object, by))
            }
        }
    }

    /// Whether an object that the analysis does not know may exist, so that IF NOT EXISTS does
    /// nothing.
    fn may_be_there(&self, object: &Object, by: &Operation<'a>) -> bool {
        self.up.has(by, Kind::IF_NOT_EXISTS) && self.moments.state.is_hidden(object)
    }

    fn describe(
        &self,
        outcome: &Outcome<'a>,
        object: &Object,
        by: &Operation<'a>,
    ) -> NotUndone<'a> {
        let shown = statements::shown(object, by.kind);
        let code = |other| match object.space {
            Space::Column | Space::Constraint => Code::M0229,
            _ => other,
        };
        let drop = statements::drop_statement(object, by.kind);
        let (code, message, help, expected) = match outcome {
            Outcome::Dropped(..) => (
                code(Code::M0228),
                format!(
                    "the up script drops {shown}, but the down script does not create it again"
                ),
                format!("{}, {}", again(object, by), self.as_before(object)),
                Expected::Other,
            ),
            Outcome::Renamed(..) => (
                code(Code::M0227),
                format!(
                    "the up script changes {} into {shown}, but the down script does not change it back",
                    before(by)
                ),
                renamed_back(object, by),
                Expected::Other,
            ),
            _ if self.up.has(by, Kind::OR_REPLACE) => (
                Code::M0227,
                format!(
                    "the up script creates or replaces {shown}, but the down script neither drops it nor restores its earlier definition"
                ),
                format!(
                    "write `{drop}` in the down script, or CREATE OR REPLACE with the earlier definition"
                ),
                Expected::Drop,
            ),
            _ => (
                code(Code::M0227),
                format!("the up script creates {shown}, but the down script does not drop it"),
                format!("write `{drop}` in the down script"),
                Expected::Drop,
            ),
        };
        NotUndone {
            object: object.clone(),
            shown,
            offset: by.mention.offset,
            code,
            message,
            help,
            expected,
            script: self.up.script,
        }
    }
}

fn before(by: &Operation<'_>) -> String {
    by.before
        .map(|before| statements::shown(before, by.kind))
        .unwrap_or_default()
}

fn renamed_back(object: &Object, by: &Operation<'_>) -> String {
    match by.before {
        Some(before) => {
            let statement = statements::rename_statement(object, before, by.kind);
            format!("write `{statement}` in the down script")
        }
        None => "change it back in the down script".to_owned(),
    }
}
