//! Constant constructors for the code that `embed_migrations!` generates.
//!
//! Only generated code calls them.

use std::borrow::Cow;
use std::mem;
use std::time::Duration;

pub use crate::code::{Code, Level};
pub use crate::registry::{Migration, MigrationRef, Mode, Registry, Service, Text};

use crate::registry::Script;
use crate::version::Version;

/// Makes a borrowed text.
#[must_use]
pub const fn text(text: &'static str) -> Text {
    Cow::Borrowed(text)
}

/// Makes a registry of borrowed tables.
#[must_use]
pub const fn registry(
    tiers: &'static [Text],
    services: &'static [Service],
    migrations: &'static [Migration],
    left_out: &'static [Text],
    roles: &'static [Text],
    levels: &'static [(Code, Level)],
) -> Registry {
    Registry {
        tiers: Cow::Borrowed(tiers),
        services: Cow::Borrowed(services),
        migrations: Cow::Borrowed(migrations),
        left_out: Cow::Borrowed(left_out),
        roles: Cow::Borrowed(roles),
        levels: Cow::Borrowed(levels),
    }
}

/// Makes a service.
#[must_use]
pub const fn service(
    name: &'static str,
    tier: usize,
    directory: &'static str,
    depends_on: &'static [Text],
    description: &'static str,
) -> Service {
    Service {
        name: text(name),
        tier,
        directory: text(directory),
        depends_on: Cow::Borrowed(depends_on),
        description: text(description),
    }
}

/// A migration in generated code: a `Copy` type without a destructor.
///
/// rustc needs more time for a list of [`Migration`]s (`docs/performance.md`).
#[derive(Clone, Copy)]
pub struct Row {
    service: &'static str,
    version: i64,
    uid: &'static str,
    name: &'static str,
    checksum: u64,
    requires: &'static [MigrationRef],
    up: Half,
    down: Half,
}

/// A script in generated code.
#[derive(Clone, Copy)]
struct Half {
    path: &'static str,
    raw: &'static str,
    fingerprint: u64,
    how: How,
}

/// The directives of a script that decide how the script runs.
#[derive(Clone, Copy)]
pub struct How {
    mode: Mode,
    lock_timeout: Option<Duration>,
    statement_timeout: Option<Duration>,
}

/// The value for a script without directives.
const PLAIN: How = how(Mode::Transaction, None, None);

/// Fills the table until the rows are written.
const NOTHING: Migration = migration(&row("", 0, "", "", 0, "", "", 0, "", "", 0));

/// Makes a migration without directives. Nearly all migrations are such, so this call is short.
#[must_use]
#[expect(clippy::too_many_arguments, reason = "only generated code calls it")]
pub const fn row(
    service: &'static str,
    version: i64,
    uid: &'static str,
    name: &'static str,
    checksum: u64,
    up_path: &'static str,
    up_raw: &'static str,
    up_fingerprint: u64,
    down_path: &'static str,
    down_raw: &'static str,
    down_fingerprint: u64,
) -> Row {
    Row {
        service,
        version,
        uid,
        name,
        checksum,
        requires: &[],
        up: Half {
            path: up_path,
            raw: up_raw,
            fingerprint: up_fingerprint,
            how: PLAIN,
        },
        down: Half {
            path: down_path,
            raw: down_raw,
            fingerprint: down_fingerprint,
            how: PLAIN,
        },
    }
}

/// Makes a migration with directives.
#[must_use]
pub const fn directed(mut row: Row, requires: &'static [MigrationRef], up: How, down: How) -> Row {
    row.requires = requires;
    row.up.how = up;
    row.down.how = down;
    row
}

/// Makes the migrations of a registry. rustc evaluates this function, because the registry is a static.
#[must_use]
pub const fn migrations<const N: usize>(rows: &[Row; N]) -> [Migration; N] {
    let mut migrations = [const { NOTHING }; N];
    let mut index = 0;
    while index < N {
        let nothing = mem::replace(&mut migrations[index], migration(&rows[index]));
        // The value owns nothing, and a constant function cannot run a destructor.
        mem::forget(nothing);
        index += 1;
    }
    migrations
}

/// One function without calls: rustc interprets it for each migration, and calls are slow.
const fn migration(row: &Row) -> Migration {
    let Row { up, down, .. } = row;
    Migration {
        service: Cow::Borrowed(row.service),
        version: Version::from_integer(row.version),
        uid: Cow::Borrowed(row.uid),
        name: Cow::Borrowed(row.name),
        checksum: row.checksum,
        requires: Cow::Borrowed(row.requires),
        up: Script {
            path: Cow::Borrowed(up.path),
            raw: Cow::Borrowed(up.raw),
            fingerprint: up.fingerprint,
            mode: up.how.mode,
            lock_timeout: up.how.lock_timeout,
            statement_timeout: up.how.statement_timeout,
        },
        down: Script {
            path: Cow::Borrowed(down.path),
            raw: Cow::Borrowed(down.raw),
            fingerprint: down.fingerprint,
            mode: down.how.mode,
            lock_timeout: down.how.lock_timeout,
            statement_timeout: down.how.statement_timeout,
        },
    }
}

/// Makes a reference to a migration.
#[must_use]
pub const fn reference(service: &'static str, version: i64) -> MigrationRef {
    MigrationRef {
        service: text(service),
        version: Version::from_integer(version),
    }
}

/// Makes the value of [`How`]; the timeouts are in milliseconds.
#[must_use]
pub const fn how(mode: Mode, lock_timeout: Option<u64>, statement_timeout: Option<u64>) -> How {
    How {
        mode,
        lock_timeout: duration(lock_timeout),
        statement_timeout: duration(statement_timeout),
    }
}

const fn duration(milliseconds: Option<u64>) -> Option<Duration> {
    match milliseconds {
        Some(milliseconds) => Some(Duration::from_millis(milliseconds)),
        None => None,
    }
}
