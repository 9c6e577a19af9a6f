//! A finding, before levels and allowances are applied.

use migrator_model::{Code, Place, Problem};

use crate::script::Script;

/// A problem in a script.
pub(crate) struct Finding<'a> {
    pub(crate) script: &'a Script<'a>,
    pub(crate) code: Code,
    /// Where the script has the problem, in bytes.
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl<'a> Finding<'a> {
    pub(crate) fn new(
        script: &'a Script<'a>,
        code: Code,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding<'a> {
        Finding {
            script,
            code,
            offset,
            message: message.into(),
            help: help.into(),
        }
    }

    pub(crate) fn is_lint(&self) -> bool {
        self.code.level().is_some()
    }

    pub(crate) fn into_problem(self) -> Problem {
        let place = Place::within(self.script.path, self.script.sql.text, self.offset);
        Problem::at(self.code, place, self.message, self.help)
    }
}
