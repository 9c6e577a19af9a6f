//! The shipped binary: this platform's tree, and the commands over it.

use std::process::ExitCode;

use migrator_runtime::{Registry, embed_migrations};

static REGISTRY: Registry = embed_migrations!();

fn main() -> ExitCode {
    migrator_cli::run(&REGISTRY)
}
