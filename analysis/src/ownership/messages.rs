//! The messages of the findings on ownership.

use migrator_model::Code;

use super::inventory::Removal;
use crate::finding::Finding;
use crate::objects::Object;
use crate::script::Script;
use crate::site::Site;

/// What a script does to another service's object.
#[derive(Clone, Copy)]
pub(super) enum ForeignChange<'o> {
    Changes,
    Drops,
    Renames,
    Replaces,
    /// Creates this object in the schema.
    CreatesInside(&'o Object),
}

/// How a service can be allowed to refer to another service's object.
#[derive(Clone, Copy)]
pub(super) enum Remedy {
    /// It can depend on the other service, or one migration can require the other migration.
    Dependency,
    /// A migration can require the other migration. The other service is in a later tier or depends
    /// on this one.
    Requires,
}

/// A reference to an object.
pub(super) struct Reference<'a, 'o> {
    pub(super) script: &'a Script<'a>,
    pub(super) offset: usize,
    pub(super) object: &'o Object,
}

impl<'a> Reference<'a, '_> {
    pub(super) fn undeclared(&self, made: Site<'_>, remedy: Remedy) -> Finding<'a> {
        let (service, owner) = (self.service(), made.service());
        let message = format!(
            "`{service}` uses {} of `{owner}` (created in `{}`), but does not depend on `{owner}`",
            self.object,
            made.place()
        );
        let directive = requires(made);
        let help = match remedy {
            Remedy::Dependency => format!(
                "add `\"{owner}\"` to `depends_on` of `[services.{service}]`, \
                 or {directive} to the up script"
            ),
            Remedy::Requires => format!("add {directive} to the up script"),
        };
        self.finding(Code::M0320, message, help)
    }

    pub(super) fn too_early(&self, made: Site<'_>) -> Finding<'a> {
        let message = format!(
            "{} does not exist yet: `{}` creates it later",
            self.object,
            made.place()
        );
        let help = match made.service() == self.service() {
            true => "use it in a later migration".to_owned(),
            false => format!("add {}, so that this migration waits", requires(made)),
        };
        self.finding(Code::M0321, message, help)
    }

    pub(super) fn too_late(&self, gone: &Removal<'_>) -> Finding<'a> {
        let place = gone.site.place();
        let (end, help) = match &gone.new_name {
            Some(now) => (format!("renames it to `{now}`"), format!("write `{now}`")),
            None => (
                "drops it".to_owned(),
                "use the object that replaces it".to_owned(),
            ),
        };
        let message = format!("{} does not exist any more: `{place}` {end}", self.object);
        self.finding(Code::M0322, message, help)
    }

    pub(super) fn not_its_own(
        &self,
        made: Site<'_>,
        foreign_change: ForeignChange<'_>,
    ) -> Finding<'a> {
        let (service, owner) = (self.service(), made.service());
        let does = match foreign_change {
            ForeignChange::Changes => "changes".to_owned(),
            ForeignChange::Drops => "drops".to_owned(),
            ForeignChange::Renames => "renames".to_owned(),
            ForeignChange::Replaces => "replaces".to_owned(),
            ForeignChange::CreatesInside(object) => format!("creates {object} in"),
        };
        let message = format!(
            "`{service}` {does} {} of `{owner}` (created in `{}`)",
            self.object,
            made.place()
        );
        let help = format!(
            "leave it to a migration of `{owner}`, or write \
             `-- migrator: allow M0323 because …`"
        );
        self.finding(Code::M0323, message, help)
    }

    fn service(&self) -> &'a str {
        self.script.migration.service
    }

    fn finding(&self, code: Code, message: String, help: String) -> Finding<'a> {
        Finding::new(self.script, code, self.offset, message, help)
    }
}

fn requires(made: Site<'_>) -> String {
    format!(
        "`-- migrator: requires {}`",
        made.script.migration.reference()
    )
}
