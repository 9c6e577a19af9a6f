//! Local Postgres servers for development and tests: a thin layer over `initdb` and `postgres`.
//!
//! [`Programs`] finds the two programs. [`DevServer`] is the one server of a checkout: it keeps its
//! data, every process shares it, and it runs until it is stopped. [`Throwaway`] is a temporary server for
//! tests: it is as fast as possible, and ends with the process that started it, even if that process
//! is killed. [`Joined`] is a temporary server that several processes share, and ends with the last
//! of them. [`Pooler`] is `PgBouncer` in front of a temporary server.
//!
//! All of them listen only on a Unix socket, in a folder that no other user may enter, and trust
//! every user of this socket. Postgres refuses to run as root, so root runs them as `postgres` or
//! `nobody`.
//!
//! ```no_run
//! # async fn example() -> Result<(), migrator_localpg::Error> {
//! let url = migrator_localpg::Throwaway::shared()?.create_database().await?;
//! assert!(url.starts_with("postgresql://postgres@%2F"));
//! # Ok(())
//! # }
//! ```

mod account;
mod cluster;
mod database;
mod dev;
mod error;
mod folder;
mod home;
mod joined;
mod kept;
mod launch;
mod pooler;
mod postmaster;
mod programs;
mod scratch;
mod template;
mod throwaway;
mod wait;

pub use dev::{DevServer, Started, Stopped};
pub use error::Error;
pub use joined::Joined;
pub use pooler::Pooler;
pub use programs::Programs;
pub use scratch::free_kib;
pub use throwaway::Throwaway;
