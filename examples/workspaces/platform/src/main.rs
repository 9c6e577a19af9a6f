//! The command of the platform team, in three lines.

use std::process::ExitCode;

use migrator_runtime::{Registry, embed_migrations};

static REGISTRY: Registry = embed_migrations!();

fn main() -> ExitCode {
    migrator_cli::run(&REGISTRY)
}
