//! Services, migrations and scripts, decoded from the records of a registry.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::bytes::Registry;
use super::table::{NO_TIMEOUT, Section, UID};
use crate::directive;
use crate::file_name::{Direction, FileName};
use crate::id::{MigrationId, MigrationRef, Text};
use crate::mode::Mode;
use crate::sql;
use crate::version::Version;
use crate::{code::Code, disk::MIGRATIONS};

/// A service: the owner of a part of the schema and of one folder of migrations.
#[derive(Clone, Copy)]
pub struct Service<'r> {
    /// Its name, as on the command line.
    pub name: &'r str,
    /// The number of its tier.
    pub tier: usize,
    /// Its folder below `migrations/`.
    pub directory: &'r str,
    /// Its description; empty if the manifest has none.
    pub description: &'r str,
    registry: &'r Registry,
    /// The byte where its record starts.
    at: usize,
}

/// One versioned change, up and down.
#[derive(Clone, Copy)]
pub struct Migration<'r> {
    /// The service that owns it.
    pub service: &'r str,
    /// Its 14 digits.
    pub version: Version,
    /// Its 8 hex digits.
    pub uid: &'r str,
    /// Its slug.
    pub name: &'r str,
    /// refinery's checksum of `<uid>_<name>`, version and up script.
    pub checksum: u64,
    registry: &'r Registry,
    /// The byte where its record starts.
    at: usize,
}

/// The SQL of one direction, with its directives.
#[derive(Clone, Copy)]
pub struct Script<'r> {
    /// The text of the file on disk, unchanged.
    pub raw: &'r str,
    /// A hash of the script's tokens, without comments and white space.
    pub fingerprint: u64,
    /// How it runs.
    pub mode: Mode,
    /// `lock_timeout` for this script instead of the run's. Zero means no limit.
    pub lock_timeout: Option<Duration>,
    /// `statement_timeout` for this script instead of the run's. Zero means no limit.
    pub statement_timeout: Option<Duration>,
    migration: Migration<'r>,
    direction: Direction,
}

impl<'r> Service<'r> {
    pub(super) fn read(registry: &'r Registry, index: usize) -> Service<'r> {
        let table = registry.table();
        let at = table.at(Section::Services, index);
        Service {
            name: registry.slice(at),
            directory: registry.slice(at + 8),
            description: registry.slice(at + 16),
            tier: table.number(at + 24),
            registry,
            at,
        }
    }

    /// The services in its `depends_on`.
    pub fn depends_on(self) -> impl Iterator<Item = &'r str> + use<'r> {
        let table = self.registry.table();
        let (first, count) = (table.number(self.at + 28), table.number(self.at + 32));
        let records = first..first.saturating_add(count);
        records.map(move |index| self.registry.slice(table.at(Section::DependsOn, index)))
    }

    /// Its migrations in the order of their versions.
    #[must_use]
    pub fn migrations(self) -> impl ExactSizeIterator<Item = Migration<'r>> + use<'r> {
        let table = self.registry.table();
        self.by_version().map(move |index| {
            let number = table.number(table.at(Section::ByVersion, index));
            Migration::read(self.registry, number)
        })
    }

    /// The versions of its migrations in their order, with the checksum and the fingerprint of
    /// each up script. It does not read the scripts.
    #[must_use]
    pub fn fingerprints(self) -> impl ExactSizeIterator<Item = (Version, u64, u64)> + use<'r> {
        let table = self.registry.table();
        self.by_version().map(move |index| {
            let number = table.number(table.at(Section::ByVersion, index));
            let at = table.at(Section::Migrations, number);
            let version = Version::from_integer(table.i64(at + 16));
            (version, table.u64(at + 24), table.u64(at + 64))
        })
    }

    /// Finds one of its migrations.
    #[must_use]
    pub fn migration(self, version: Version) -> Option<Migration<'r>> {
        let table = self.registry.table();
        let number = |index| table.number(table.at(Section::ByVersion, index));
        let version_of = |number| table.i64(table.at(Section::Migrations, number) + 16);
        let (mut low, mut high) = (self.by_version().start, self.by_version().end);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = number(middle);
            match version_of(found).cmp(&version.as_integer()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(Migration::read(self.registry, found)),
            }
        }
        None
    }

    /// Its records in [`Section::ByVersion`].
    fn by_version(self) -> std::ops::Range<usize> {
        let table = self.registry.table();
        let (first, count) = (table.number(self.at + 36), table.number(self.at + 40));
        first..first.saturating_add(count)
    }
}

impl<'r> Migration<'r> {
    pub(super) fn read(registry: &'r Registry, index: usize) -> Migration<'r> {
        let table = registry.table();
        let at = table.at(Section::Migrations, index);
        let service = table.at(Section::Services, table.number(at));
        let name = registry.slice(at + 32);
        Migration {
            service: registry.slice(service),
            version: Version::from_integer(table.i64(at + 16)),
            uid: name.get(..UID).unwrap_or_default(),
            name: name.get(UID + 1..).unwrap_or_default(),
            checksum: table.u64(at + 24),
            registry,
            at,
        }
    }

    /// Whether both are the same record of the same registry.
    #[must_use]
    pub fn is(self, other: Migration<'_>) -> bool {
        std::ptr::eq(self.registry, other.registry) && self.at == other.at
    }

    /// The migrations in its `requires` directives.
    #[must_use]
    pub fn requires(self) -> Vec<MigrationRef> {
        let reference = |(service, version): (&str, Version)| MigrationRef {
            service: service.to_owned().into(),
            version,
        };
        self.required().map(reference).collect()
    }

    /// The services and versions of the migrations in its `requires` directives.
    pub fn required(self) -> impl Iterator<Item = (&'r str, Version)> + use<'r> {
        let table = self.registry.table();
        let (first, count) = (table.number(self.at + 8), table.number(self.at + 12));
        let records = first..first.saturating_add(count);
        records.map(move |index| {
            let at = table.at(Section::Requires, index);
            let version = Version::from_integer(table.i64(at + 8));
            (self.registry.slice(at), version)
        })
    }

    /// The script that applies it.
    #[must_use]
    pub fn up(self) -> Script<'r> {
        self.script(Direction::Up)
    }

    /// The script that reverts it.
    #[must_use]
    pub fn down(self) -> Script<'r> {
        self.script(Direction::Down)
    }

    /// The script of one direction.
    #[must_use]
    pub fn script(self, direction: Direction) -> Script<'r> {
        let table = self.registry.table();
        let start = self
            .registry
            .scripts()
            .saturating_add(table.long(self.at + 40));
        let middle = start.saturating_add(table.long(self.at + 48));
        let end = middle.saturating_add(table.long(self.at + 56));
        let (raw, fingerprint, bit, timeouts) = match direction {
            Direction::Up => (start..middle, self.at + 64, 1, 0),
            Direction::Down => (middle..end, self.at + 72, 2, 16),
        };
        let timeouts = self.timeouts().map(|at| at + timeouts);
        let timeout = |at: Option<usize>| {
            let milliseconds = at.map(|at| table.u64(at)).filter(|ms| *ms != NO_TIMEOUT);
            milliseconds.map(Duration::from_millis)
        };
        Script {
            raw: self.registry.text.get(raw).unwrap_or_default(),
            fingerprint: table.u64(fingerprint),
            mode: match table.u32(self.at + 80) & bit {
                0 => Mode::Transaction,
                _ => Mode::NoTransaction,
            },
            lock_timeout: timeout(timeouts),
            statement_timeout: timeout(timeouts.map(|at| at + 8)),
            migration: self,
            direction,
        }
    }

    /// The byte where its record of timeouts starts.
    fn timeouts(self) -> Option<usize> {
        let table = self.registry.table();
        let index = table.number(self.at + 4).checked_sub(1)?;
        Some(table.at(Section::Timeouts, index))
    }

    /// The reason why one of the scripts allows a lint; `None` if no script does.
    #[must_use]
    pub fn allows(self, code: Code) -> Option<String> {
        [Direction::Up, Direction::Down]
            .into_iter()
            .find_map(|direction| directive::allows(self.script(direction).raw, direction, code))
    }

    /// Its identity.
    #[must_use]
    pub fn id(self) -> MigrationId {
        MigrationId {
            service: Text::Owned(self.service.to_owned()),
            version: self.version,
            uid: Text::Owned(self.uid.to_owned()),
            name: Text::Owned(self.name.to_owned()),
        }
    }

    /// `<uid>_<name>`, the name in the history.
    #[must_use]
    pub fn history_name(self) -> &'r str {
        self.registry.slice(self.at + 32)
    }

    /// The reference to this migration.
    #[must_use]
    pub fn reference(self) -> MigrationRef {
        MigrationRef {
            service: Text::Owned(self.service.to_owned()),
            version: self.version,
        }
    }
}

impl Script<'_> {
    /// The path of the file. It starts with the name that the caller gave the tree.
    #[must_use]
    pub fn path(self) -> String {
        let Migration { registry, at, .. } = self.migration;
        let service = registry.table().number(at);
        let service = Service::read(registry, service);
        let file = FileName {
            version: self.migration.version,
            uid: self.migration.uid.to_owned(),
            name: self.migration.name.to_owned(),
            direction: self.direction,
        };
        let below = format!("{MIGRATIONS}/{}/{file}", service.directory);
        match registry.root() {
            "" => below,
            root => format!("{root}/{below}"),
        }
    }

    /// The reason in `irreversible because …`, if this is an irreversible down script.
    #[must_use]
    pub fn irreversible(self) -> Option<String> {
        directive::irreversible(self.raw)
    }
}

impl<'r> Script<'r> {
    /// The SQL for the server: without a byte-order mark, and with `\n` at the end of each line.
    #[must_use]
    pub fn sql(self) -> Cow<'r, str> {
        sql::normalise(self.raw)
    }
}

impl PartialEq for Service<'_> {
    fn eq(&self, other: &Service<'_>) -> bool {
        self.name == other.name
            && self.tier == other.tier
            && self.directory == other.directory
            && self.description == other.description
            && self.depends_on().eq(other.depends_on())
    }
}

impl Eq for Service<'_> {}

impl PartialEq for Migration<'_> {
    fn eq(&self, other: &Migration<'_>) -> bool {
        self.service == other.service
            && self.version == other.version
            && self.uid == other.uid
            && self.name == other.name
            && self.checksum == other.checksum
            && self.requires() == other.requires()
            && self.up() == other.up()
            && self.down() == other.down()
    }
}

impl Eq for Migration<'_> {}

impl PartialEq for Script<'_> {
    fn eq(&self, other: &Script<'_>) -> bool {
        self.raw == other.raw
            && self.fingerprint == other.fingerprint
            && self.mode == other.mode
            && self.lock_timeout == other.lock_timeout
            && self.statement_timeout == other.statement_timeout
    }
}

impl Eq for Script<'_> {}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("tier", &self.tier)
            .field("directory", &self.directory)
            .field("depends_on", &self.depends_on().collect::<Vec<_>>())
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Migration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration")
            .field("service", &self.service)
            .field("version", &self.version)
            .field("uid", &self.uid)
            .field("name", &self.name)
            .field("checksum", &self.checksum)
            .field("requires", &self.requires())
            .field("up", &self.up())
            .field("down", &self.down())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Script<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("path", &self.path())
            .field("raw", &self.raw)
            .field("fingerprint", &self.fingerprint)
            .field("mode", &self.mode)
            .field("lock_timeout", &self.lock_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl fmt::Display for Migration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}
