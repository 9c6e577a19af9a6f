//! What the expansion of `embed_migrations!` is made of: constant constructors.
//!
//! For generated code alone.

use std::borrow::Cow;
use std::time::Duration;

pub use crate::registry::{Migration, MigrationRef, Mode, Registry, Script, Service, Text};

use crate::version::Version;

/// A borrowed text.
#[must_use]
pub const fn text(text: &'static str) -> Text {
    Cow::Borrowed(text)
}

/// A registry of borrowed tables.
#[must_use]
pub const fn registry(
    tiers: &'static [Text],
    services: &'static [Service],
    migrations: &'static [Migration],
    left_out: &'static [Text],
) -> Registry {
    Registry {
        tiers: Cow::Borrowed(tiers),
        services: Cow::Borrowed(services),
        migrations: Cow::Borrowed(migrations),
        left_out: Cow::Borrowed(left_out),
    }
}

/// A service.
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

/// A migration.
#[must_use]
#[expect(clippy::too_many_arguments, reason = "only generated code calls it")]
pub const fn migration(
    service: &'static str,
    version: i64,
    uid: &'static str,
    name: &'static str,
    checksum: u64,
    requires: &'static [MigrationRef],
    up: Script,
    down: Script,
) -> Migration {
    Migration {
        service: text(service),
        version: Version::from_integer(version),
        uid: text(uid),
        name: text(name),
        checksum,
        requires: Cow::Borrowed(requires),
        up,
        down,
    }
}

/// A migration without directives, as nearly all are: one call of literals,
/// which rustc checks in a third of the time that [`migration`] takes it.
#[must_use]
#[expect(clippy::too_many_arguments, reason = "only generated code calls it")]
pub const fn plain(
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
) -> Migration {
    let mode = Mode::Transaction;
    let up = script(up_path, up_raw, up_fingerprint, mode, None, None);
    let down = script(down_path, down_raw, down_fingerprint, mode, None, None);
    migration(service, version, uid, name, checksum, &[], up, down)
}

/// A reference to a migration.
#[must_use]
pub const fn reference(service: &'static str, version: i64) -> MigrationRef {
    MigrationRef {
        service: text(service),
        version: Version::from_integer(version),
    }
}

/// A script; its timeouts are in milliseconds.
#[must_use]
pub const fn script(
    path: &'static str,
    raw: &'static str,
    fingerprint: u64,
    mode: Mode,
    lock_timeout: Option<u64>,
    statement_timeout: Option<u64>,
) -> Script {
    Script {
        path: text(path),
        raw: text(raw),
        fingerprint,
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
