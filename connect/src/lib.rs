//! Connects to Postgres as libpq does: from settings to an open connection.
//!
//! [`Settings`] says where and how to connect. It reads a URL or a keyword string, libpq's
//! environment variables and the password file. [`open`] opens a [`Connection`] with libpq's
//! meaning of `sslmode`; [`open_with_retry`] and [`open_when_up`] also wait for a server.
//!
//! ```no_run
//! use migrator_connect::{Settings, open};
//!
//! # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::parse("postgresql://app@localhost/shop?sslmode=require")?;
//! let connection = open(&settings.with_env(|name| std::env::var(name).ok())?).await?;
//! connection.client.simple_query("SELECT 1").await?;
//! connection.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! This crate does not depend on migrations.
//! A password never appears in what this crate prints: not in `Display` or `Debug`, and not
//! in an error or its source. [`Settings::to_url`] and [`Settings::variables`] return it.
//!
//! # What differs from libpq
//!
//! The reference is the chapter *libpq - C Library* of Postgres's manual. These differences
//! are intended:
//! - without a host, it tries the socket folders `/var/run/postgresql` and `/tmp`, and then
//!   `localhost` over TCP;
//! - `connect_timeout` is 10 seconds by default. It bounds the name look-up, and each
//!   attempt with TCP, TLS and authentication together;
//! - a certificate file that the settings name must exist, in every `sslmode`;
//! - `prefer` and `allow` try the other mode after the server refuses this kind of
//!   connection, but not after it refuses the password;
//! - `target_session_attrs=primary` asks for a session that can write;
//! - services (`service`, `PGSERVICE`), GSS, certificate revocation lists and encrypted
//!   client keys are refused by name;
//! - both sides set keepalives and `tcp_user_timeout`, so that each notices within a minute
//!   that the other is gone;
//! - a server that asks for the password in clear without TLS is refused, unless
//!   `require_auth` names `password`;
//! - a certificate's common name is never compared with the host.
//!
//! # Modules
//!
//! Each module imports only from modules in the lines above its own:
//!
//! ```text
//! backoff certificate outbox percent permission ssl user
//! error verifier
//! params
//! auth endpoint keyword liveness url
//! negotiate passfile resolve target
//! settings
//! classify tls
//! cancel
//! connection
//! attempt
//! create retry
//! ```

mod attempt;
mod auth;
pub mod backoff;
mod cancel;
mod certificate;
mod classify;
mod connection;
mod create;
mod endpoint;
mod error;
mod keyword;
mod liveness;
mod negotiate;
mod notices;
mod outbox;
mod params;
mod passfile;
mod percent;
mod permission;
mod resolve;
mod retry;
mod settings;
mod ssl;
mod target;
mod tls;
mod url;
mod user;
mod verifier;

pub use attempt::open;
pub use cancel::Cancel;
pub use connection::Connection;
pub use create::{Creation, create_database};
pub use error::{ConnectError, Refusal, RunOption, TlsFault, Unreachable};
pub use notices::{Notice, NoticeBatch, Notices};
pub use outbox::{Piece, SharedText, TICKET};
pub use retry::{SHORTAGE, open_when_up, open_with_retry};
pub use settings::Settings;
pub use ssl::SslMode;
