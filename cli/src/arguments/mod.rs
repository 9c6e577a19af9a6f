//! The arguments of the process: the commands, their options, and the values of these.

mod command;
mod examples;
mod global;
mod listing;
mod members;
mod new_files;
mod options;
mod parse;
mod picture;
mod redact;
mod suggestion;
mod takeover;
mod values;

pub(crate) use command::{
    Check, Command, Down, Drift, Redo, Repair, Schema, Status, Up, Verify, Wait,
};
#[cfg(feature = "local-server")]
pub(crate) use command::{Server, With};
pub(crate) use global::{Format, Global, LogFormat, Loudness};
pub(crate) use listing::{List, Log};
pub(crate) use members::Members;
pub(crate) use new_files::{Create, Init};
pub(crate) use options::{History, Reads, Run, Writes};
pub(crate) use parse::{Arguments, typed};
pub(crate) use picture::{Graph, Picture, Report};
pub(crate) use redact::without_settings;
pub(crate) use takeover::{Adopt, Baseline};
pub(crate) use values::{duration, jobs, schema, shard_indices, shards, switch};
