//! How values that several views have become members of the JSON document.

use std::time::Duration;

use migrator_model::{Code, MigrationId, Severity};
use migrator_runtime::plan::Reason;
use migrator_runtime::{ActiveRun, Direction, ServerRole, State};
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::{Value, json};

use crate::exit::Exit;

/// `service`, `version` and `name`; for a flattened field.
pub(super) fn migration<S: Serializer>(id: &MigrationId, to: S) -> Result<S::Ok, S::Error> {
    let mut members = to.serialize_map(Some(3))?;
    members.serialize_entry("service", &id.service)?;
    version_and_name(id, members)
}

/// `version` and `name`, where the service is known; for a flattened field.
pub(super) fn migration_of_service<S: Serializer>(
    id: &MigrationId,
    to: S,
) -> Result<S::Ok, S::Error> {
    version_and_name(id, to.serialize_map(Some(2))?)
}

fn version_and_name<M: SerializeMap>(id: &MigrationId, mut members: M) -> Result<M::Ok, M::Error> {
    members.serialize_entry("version", &id.version.to_string())?;
    members.serialize_entry("name", &id.history_name())?;
    members.end()
}

/// `primary` or `standby`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn server<S: Serializer>(role: &ServerRole, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(role.as_str())
}

/// Runs, each with its session and its services.
pub(super) fn active_runs<S: Serializer>(runs: &[ActiveRun], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(runs.iter().map(active_run))
}

/// A run with its session and its services.
pub(super) fn active_run(run: &ActiveRun) -> Value {
    let ActiveRun {
        session, services, ..
    } = run;
    json!({
        "pid": session.pid,
        "application": session.application,
        "role": session.role,
        "since": session.since,
        "services": services,
    })
}

/// Migrations, each as `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
pub(super) fn identities<S: Serializer>(ids: &[MigrationId], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(ids.iter().map(ToString::to_string))
}

/// A migration as `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
pub(super) fn identity<S: Serializer>(id: &MigrationId, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

/// A time in milliseconds.
pub(super) fn milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(in_milliseconds(*time))
}

/// Milliseconds with three decimals.
pub(crate) fn in_milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// The same, or null.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(super) fn milliseconds_if_known<S: Serializer>(
    time: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, to),
        None => to.serialize_none(),
    }
}

/// `up` or `down`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn direction<S: Serializer>(direction: &Direction, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(direction.as_str())
}

/// `requested`, `dependency` or `cascade`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn reason<S: Serializer>(reason: &Reason, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(reason.as_str())
}

/// `applied`, `pending`, `out of order`, ….
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn state<S: Serializer>(state: &State, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(state.as_str())
}

/// `M0104`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn code<S: Serializer>(code: &Code, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(code.as_str())
}

/// `error` or `warning`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn severity<S: Serializer>(severity: &Severity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(severity_word(*severity))
}

/// The number of an exit code.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn exit_code<S: Serializer>(exit: &Exit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u8(exit.code())
}

/// The word for a severity, in every format.
pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Whether a flag is left out of the output.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Whether a number is left out of the output.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}
