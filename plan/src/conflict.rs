//! Why a plan is refused: one constructor a conflict, which words it.

use std::fmt;

use migrator_model::file_name::Direction;
use migrator_model::{Code, Migration, Registry, Subject, Version};

use crate::history::Entry;
use crate::resume::resumable;

/// Something that keeps a run from starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What it is filed under.
    pub code: Code,
    /// What it is about.
    pub subject: Subject,
    /// What is the matter with it.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

impl Conflict {
    /// An applied migration is not as the registry has it.
    #[must_use]
    pub fn changed(entry: &Entry, migration: &Migration) -> Conflict {
        let restore = "restore the file as it was applied, and put the change into a new \
                       migration; or revert it with `migrator down`, and apply it again";
        let (message, help) = if entry.id == migration.id() {
            let message = format!(
                "its up script `{}` was changed after it was applied",
                migration.up.path
            );
            let accept = format!(
                "; or, if the database is as the new text would make it, record that with \
                 `migrator repair --service={} --version={} --accept-change`",
                entry.id.service, entry.id.version
            );
            (message, restore.to_owned() + &accept)
        } else {
            let message = format!("the registry has `{migration}` in its place");
            (message, restore.to_owned())
        };
        Conflict {
            code: Code::M0401,
            subject: Subject::Migration(entry.id.clone()),
            message,
            help,
        }
    }

    /// An applied migration is not in the registry.
    #[must_use]
    pub fn missing(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0402,
            subject: Subject::Migration(entry.id.clone()),
            message: "it is applied, but this binary does not have it".to_owned(),
            help: format!(
                "run a binary that has it, revert it with `migrator down --service={}`, \
                 or pass it over with `--allow-missing`",
                entry.id.service
            ),
        }
    }

    pub(crate) fn out_of_order(migration: &Migration, newest: Version) -> Conflict {
        Conflict {
            code: Code::M0403,
            subject: Subject::Migration(migration.id()),
            message: format!("it is pending, but the later version {newest} is already applied"),
            help: "give it a version later than that, \
                   or apply it all the same with `--allow-out-of-order`"
                .to_owned(),
        }
    }

    /// A run in the direction in which it was interrupted may yet resume it.
    #[must_use]
    pub fn dirty(registry: &Registry, entry: &Entry, direction: Direction) -> Conflict {
        let (service, version) = (&entry.id.service, entry.id.version);
        let doing = direction.verb().past;
        let command = match direction {
            Direction::Up => format!("up --service={service} --to={version}"),
            Direction::Down => format!("down --service={service}"),
        };
        let repair = format!("`migrator repair --service={service} --version={version}");
        let repair = format!("{repair} --applied` or {repair} --reverted`");
        let help = match resumable(registry, entry) {
            Some(_) => format!(
                "run `migrator {command}`, which finishes it; or finish it, \
                 or take it back, by hand, and say which: {repair}"
            ),
            None => format!(
                "see what its script has done, finish it or take it back by hand, and say \
                 which: {repair}"
            ),
        };
        Conflict {
            code: Code::M0404,
            subject: Subject::Migration(entry.id.clone()),
            message: format!(
                "it was interrupted while it was being {doing}, outside a transaction"
            ),
            help,
        }
    }

    pub(crate) fn in_the_way(entry: &Entry, blockers: &[&Entry]) -> Conflict {
        let mut services: Vec<&str> = Vec::new();
        for blocker in blockers {
            if !services.contains(&&*blocker.id.service) {
                services.push(&blocker.id.service);
            }
        }
        let such = blockers
            .first()
            .map(|blocker| blocker.id.to_string())
            .unwrap_or_default();
        Conflict {
            code: Code::M0405,
            subject: Subject::Migration(entry.id.clone()),
            message: match blockers.len() {
                1 => format!("the newer `{such}`, which is applied, may need it"),
                number => format!(
                    "{number} newer applied migrations of {} may need it, such as `{such}`",
                    services.join(", ")
                ),
            },
            help: "revert those first, or all together with `--cascade` \
                   (with `--dry-run` to see them)"
                .to_owned(),
        }
    }

    pub(crate) fn unknown_target(version: Version, help: String) -> Conflict {
        Conflict {
            code: Code::M0406,
            subject: Subject::Version(version),
            message: "no migration of the target has this version".to_owned(),
            help,
        }
    }

    pub(crate) fn irreversible(entry: &Entry, reason: &str) -> Conflict {
        Conflict {
            code: Code::M0408,
            subject: Subject::Migration(entry.id.clone()),
            message: format!("this migration cannot be reverted: {reason}"),
            help: "write a new migration that corrects it, or restore a backup".to_owned(),
        }
    }

    /// The recorded script of an entry is not the one that was applied.
    #[must_use]
    pub fn forged(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0527,
            subject: Subject::Migration(entry.id.clone()),
            message: "its recorded up script does not match its recorded checksum: somebody \
                      altered the entry"
                .to_owned(),
            help: format!(
                "find out who wrote to the history; then revert it with a binary that has this \
                 migration, or with its scripts by hand, and delete its entry from \
                 `{}_history`",
                entry.id.service
            ),
        }
    }

    pub(crate) fn no_down_script(entry: &Entry) -> Conflict {
        Conflict {
            code: Code::M0407,
            subject: Subject::Migration(entry.id.clone()),
            message: "this binary does not have its down script, and none was recorded".to_owned(),
            help: "run a binary that has it".to_owned(),
        }
    }
}
