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
//! Alternatively a deploy job migrates, and the service waits until the database is current:
//! [`Migrator::wait_until_current`]. Older and newer versions of the service may run meanwhile.
//!
//! [`Fleet`] migrates many databases, such as one for each tenant.
//!
//! [`plan`] decides what a run does, without side effects; the other modules act. The source is
//! in layers: folders or single files. Each layer imports only from those above it in this list,
//! which `tests/policy/layers.rs` checks:
//!
//! - `options`, `event`, `error`: the settings of a run, its events and its errors, as data.
//! - `session/`: the messages of a connection: text, positions, reset, stop, cancel.
//! - `history/`: the tables of the history: creates, guards, reads and writes them.
//! - `context`: the registry, the options and the history's tables, which all operations share.
//! - `lock/`: takes the locks of a run, keeps their connection in use, and releases them.
//! - `step/`: runs one step: sends its script, records it, resumes it after an interruption.
//! - `run/`: changes a database: reads, plans, locks, plans again, prepares, runs the steps.
//! - `observe/`: status, state, wait, inspect: reads a database and never changes it.
//! - `migrator`, `fleet/`: the public operations, for one database and for many.
//! - `trial`: runs a script without a history, for `verify`.
//! - `testing/`: creates a database for each test.

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
    pub use migrator_plan::legs::{Leg, legs};
    pub use migrator_plan::{Body, Conflict, Plan, Reason, Remedy, Start, Step, claim, plan};

    pub use crate::run::plan_hash::plan_hash;
}

/// The few types that most programs need: `use migrator_runtime::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Error, Migrator, Options, Registry, Report, Settings, Target, connect, embed_migrations,
    };
}

#[doc(hidden)]
pub mod __private {
    //! Only for the expansion of `embed_migrations!`.
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
/// - `services = ["tenant"]` migrates only these services and those that they need;
/// - `crate = path` is the path of this crate, if it is not `::migrator_runtime`.
///
/// Write other attributes, such as `#[should_panic]` and `#[ignore]`, below this one. The test
/// passes or fails as with `#[test]`: it returns `()` or another
/// [`Termination`](std::process::Termination). A test that gets no database fails, even with
/// `#[should_panic]`. The test runs on a single-threaded tokio runtime.
#[cfg(all(feature = "testing", unix))]
pub use migrator_macros::test;
pub use migrator_model as model;
pub use migrator_model::file_name::Direction;
pub use migrator_model::{Registry, Version};
pub use migrator_plan::{
    DatabaseState, Extent, Leave, MigrationStatus, Origin, Outcome, Policy, Selection,
    ServiceStatus, State, Status, Target,
};

/// A migration whose effects are in the database, although no run applied it.
pub type Claim = migrator_plan::Claim<'static>;

/// A migration whose scripts differ from the recorded ones.
pub type Edit = migrator_plan::Edit<'static>;

pub use error::{
    Error, ErrorKind, Fault, InterruptedStep, Left, LockedTable, Part, ReadOnly, Remedy, RunAgain,
    Stopped, connect_code,
};
pub use event::Event;
pub use event::active::ActiveRun;
pub use event::blocker::{Blocker, BlockerKind, Holder, WaitingFor};
pub use event::operation::{Operation, Waiter};
pub use event::report::{Done, Remaining, Report};
pub use event::second::SecondConnection;
pub use fleet::{
    FailureLimit, Fleet, FleetTotals, Member, MemberOutcome, MemberResult, Phase, Shard,
};
pub use migrator::Migrator;
pub use observe::activity::{Activity, ServerRole};
pub use observe::inspect::{Inspected, Inspection, Trace};
pub use options::{Connections, Options};
pub use session::client::{Client, connect, connect_or_create, connect_within};
pub use session::stop::Stop;
pub use step::alongside::Alongside;
pub use trial::{CatalogWrites, ObjectLock, StateBefore, TableLock, Trial, TrialReport};

/// Embeds a tree of migrations as a constant expression of type [`Registry`].
///
/// - `embed_migrations!()` embeds the folder `database` beside the crate's Cargo.toml;
/// - `embed_migrations!("path")` embeds another folder, relative to Cargo.toml;
/// - `embed_migrations!("path", services = ["tenant"])` embeds only the named services and those
///   that they need.
///
/// The macro checks the tree as `cargo build` does, and reports each finding as an error at its
/// argument. If the crate's build script calls
/// [`build_script::check`](migrator_model::build_script::check), cargo also rebuilds the crate
/// when a file is added.
#[macro_export]
macro_rules! embed_migrations {
    ($($arguments:tt)*) => {
        $crate::__private::embed!($crate; $($arguments)*)
    };
}
