//! Which program runs the commands, and where its migrations come from.

use migrator_runtime::Registry;

/// A program that has the commands.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) migrations: Migrations,
}

/// Where the migrations of a program come from.
#[derive(Clone, Copy)]
pub(crate) enum Migrations {
    /// The build checked them and compiled them into the program.
    CompiledIn(&'static Registry),
    /// The program reads them from a folder at its start, and checks them as a build would.
    InFolder,
}
