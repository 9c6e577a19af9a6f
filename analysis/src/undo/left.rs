//! What is left of the up script after the down script.

use migrator_model::Code;

use super::comparison::Judge;
use super::effects::{Effect, Net, Reach};
use super::not_undone::{Left, Sought};
use super::parents::goes_with_table;
use super::words::{self, again};
use crate::objects::{Object, Space};
use crate::parse::Kind;

impl<'a> Judge<'_, 'a> {
    pub(super) fn left(&self, net: &Net<'a>) -> Option<Left<'a>> {
        if self.down.reach == Reach::Unknown {
            return None;
        }
        match net {
            Net::Changed(_) => None,
            Net::Remade(object, dropped, made) => self.remade(object, dropped, made),
            Net::Made(object, by) if self.up.has(by, Kind::OR_REPLACE) && by.made.is_some() => {
                self.replaced(object, by)
            }
            Net::Made(object, by) => {
                let is_in_doubt =
                    self.is_made_for_others(object, by) || self.may_be_there(object, by);
                (!is_in_doubt && !self.is_dropped(object, by))
                    .then(|| self.describe(net, object, by))
            }
            Net::Renamed(object, by) => {
                let is_fine = self.is_of_new_table(object) || self.is_renamed_back(object, by);
                (!is_fine).then(|| self.describe(net, object, by))
            }
            Net::Dropped(object, by) => {
                let is_fine = self.up.reach == Reach::Unknown
                    || self.is_of_new_table(object)
                    || self.is_made_again(object)
                    || goes_with_table(&self.up, &self.names, object);
                (!is_fine).then(|| self.describe(net, object, by))
            }
        }
    }

    /// Whether IF NOT EXISTS may have found what nothing is known of.
    fn may_be_there(&self, object: &Object, by: &Effect<'a>) -> bool {
        self.up.has(by, Kind::IF_NOT_EXISTS) && self.moments.state.is_hidden(object)
    }

    fn describe(&self, net: &Net<'a>, object: &Object, by: &Effect<'a>) -> Left<'a> {
        let shown = words::shown(object, by.kind);
        let code = |other| match object.space {
            Space::Column | Space::Constraint => Code::M0229,
            _ => other,
        };
        let drop = words::drop_statement(object, by.kind);
        let (code, message, help, sought) = match net {
            Net::Dropped(..) => (
                code(Code::M0228),
                format!("the up script drops {shown}, and the down script does not make it again"),
                format!("{}, {}", again(object, by), self.as_before(object)),
                Sought::Otherwise,
            ),
            Net::Renamed(..) => (
                code(Code::M0227),
                format!(
                    "the up script turns {} into {shown}, and the down script does not turn it back",
                    before(by)
                ),
                renamed_back(object, by),
                Sought::Otherwise,
            ),
            _ if self.up.has(by, Kind::OR_REPLACE) => (
                Code::M0227,
                format!(
                    "the up script makes or replaces {shown}, and the down script neither drops it nor puts its former text back"
                ),
                format!(
                    "write `{drop}` in the down script, or CREATE OR REPLACE with what was there before"
                ),
                Sought::Dropped,
            ),
            _ => (
                code(Code::M0227),
                format!("the up script makes {shown}, and the down script does not drop it"),
                format!("write `{drop}` in the down script"),
                Sought::Dropped,
            ),
        };
        Left {
            object: object.clone(),
            shown,
            offset: by.mention.offset,
            code,
            message,
            help,
            sought,
            script: self.up.script,
        }
    }
}

fn before(by: &Effect<'_>) -> String {
    by.before
        .map(|before| words::shown(before, by.kind))
        .unwrap_or_default()
}

fn renamed_back(object: &Object, by: &Effect<'_>) -> String {
    match by.before {
        Some(before) => {
            let statement = words::rename_statement(object, before, by.kind);
            format!("write `{statement}` in the down script")
        }
        None => "turn it back in the down script".to_owned(),
    }
}
