//! Applies and reverts a registry of migrations on Postgres.
//!
//! A service embeds its tree and migrates at start-up:
//!
//! ```no_run
//! use migrator_runtime::{Migrator, Registry, Settings, Target, connect, embed_migrations};
//!
//! static REGISTRY: Registry = embed_migrations!(
//! #   "../tests/trees/good-two-legs/database",
//!     services = ["tenant"],
//! );
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = connect(Settings::parse("postgresql://app@localhost/shop")?).await?;
//! let report = Migrator::new(&REGISTRY)
//!     .on_event(|event| eprintln!("{event:?}"))
//!     .up(&mut client, Target::service("tenant"))
//!     .await?;
//! # let _ = report;
//! # Ok(())
//! # }
//! ```
//!
//! Or a deploy job migrates, and the service waits for it, next to older and newer
//! ones: [`Migrator::wait_until_current`].
//!
//! Many databases, one a tenant: [`Fleet`].
//!
//! [`plan`] decides, purely; the rest acts. The source is in rooms, folders or single files.
//! Each imports only from those above it in this list, which `tests/policy/rooms.rs` checks:
//!
//! - `options`, `event`, `error`: what a run is told, what it tells, why it failed. Data alone.
//! - `session/`: a connection at work: one message and its places, reset, stop, cancel.
//! - `history/`: the tables of the history: their guard, how they are read, written and made.
//! - `context`: the registry, the options and the history's tables that all operations share.
//! - `lock/`: takes the locks of a run, keeps them alive, releases them, evicts who is silent.
//! - `step/`: one step: its script, what is sent for it, how it is recorded and resumed.
//! - `run/`: the way of each change: read, plan, lock, plan again, make ready, act.
//! - `observe/`: status, state, wait, inspect: looks and never changes anything.
//! - `migrator`, `fleet/`: what users call, for one database and for many.
//! - `trial`: a script without a history, for `verify`.
//! - `testing/`: a database for each test.

mod context;
mod error;
mod event;
mod fleet;
pub mod history;
mod lock;
mod migrator;
mod observe;
mod options;
mod run;
mod session;
mod step;
#[cfg(all(feature = "testing", unix))]
pub mod testing;
mod trial;

/// Plans, steps and conflicts.
pub mod plan {
    pub use migrator_plan::{Conflict, Plan, Reason, Remedy, Start, Step, plan};
}

/// The few types that most programs need: `use migrator_runtime::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Error, Migrator, Options, Registry, Report, Settings, Target, connect, embed_migrations,
    };
}

#[doc(hidden)]
pub mod __private {
    //! For the expansion of `embed_migrations!` alone.
    pub use migrator_macros::embed;
    pub use migrator_model::embedded::*;
}

/// The client library of [`Client::postgres`], in the version that this crate uses.
pub use tokio_postgres;

pub use migrator_connect as connect;
pub use migrator_connect::Settings;
/// Gives a test a migrated database of its own; see [`testing`].
///
/// ```
/// # #[cfg(feature = "testing")] mod tests {
/// use migrator_runtime::testing::TestDatabase;
/// use migrator_runtime::{Error, Registry, embed_migrations};
///
/// static REGISTRY: Registry = embed_migrations!("../tests/trees/good-two-legs/database");
///
/// #[migrator_runtime::test(REGISTRY)]
/// async fn nobody_is_there_yet(db: TestDatabase) -> Result<(), Error> {
///     let client = db.client().await?;
///     // …
///     Ok(())
/// }
/// # }
/// ```
///
/// The first argument is the path of a static [`Registry`]. Options may follow:
/// - `services = ["tenant"]` migrates these services and what they need, not all;
/// - `crate = path` says where this crate is, if it is not `::migrator_runtime`.
///
/// Attributes such as `#[should_panic]` and `#[ignore]` go below this one. The test
/// passes as with `#[test]`: it returns `()` or another
/// [`Termination`](std::process::Termination). A test that gets no database fails, one
/// that should panic too. It runs on a runtime of tokio's of a single thread.
#[cfg(all(feature = "testing", unix))]
pub use migrator_macros::test;
pub use migrator_model as model;
pub use migrator_model::file_name::Direction;
pub use migrator_model::{Registry, Version};
pub use migrator_plan::{
    DatabaseState, Extent, Leave, MigrationStatus, Outcome, Policy, Selection, ServiceStatus,
    State, Status, Target,
};

/// A migration whose scripts are not those that are recorded.
pub type Edit = migrator_plan::Edit<'static>;

pub use error::{Error, ErrorKind, Fault, InterruptedStep, Left, Part, ReadOnly, Stopped};
pub use event::Event;
pub use event::blocker::{Blocker, BlockerKind, Holder, WaitingFor};
pub use event::report::{Done, Report};
pub use fleet::{Ended, Ending, Fleet, Member, Tally};
pub use migrator::Migrator;
pub use observe::inspect::{Inspected, Inspection, Trace};
pub use options::Options;
pub use session::client::{Client, connect, connect_within};
pub use session::stop::Stop;
pub use trial::{TableLock, Trial, TrialReport};

/// Embeds a tree of migrations: an expression of type [`Registry`], all constants.
///
/// - `embed_migrations!()` embeds `database`, beside the crate's Cargo.toml;
/// - `embed_migrations!("path")` another folder, relative to Cargo.toml;
/// - `embed_migrations!("path", services = ["tenant"])` the named services with
///   what they need.
///
/// The tree is checked as `cargo build` checks it; each finding is an error at
/// the argument. A crate whose build script calls
/// [`build_script::check`](migrator_model::build_script::check) is also rebuilt
/// when a file is added.
#[macro_export]
macro_rules! embed_migrations {
    ($($arguments:tt)*) => {
        $crate::__private::embed!($crate; $($arguments)*)
    };
}
