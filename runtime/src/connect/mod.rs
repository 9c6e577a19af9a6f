//! From settings to an open connection.
//!
//! [`Settings`] says where and how, read from a URL or a keyword string and
//! completed from libpq's environment variables and password file; [`open`]
//! turns it into a [`Connection`], with libpq's meaning of `sslmode`.
//! A password never appears in what this module prints: not in `Display`, not
//! in `Debug`, not in an error or in what caused it.
//!
//! What runs over the connection is not this module's business.
//!
//! Where libpq is followed, the source is the chapter *libpq - C Library* of
//! Postgres's manual. What differs on purpose:
//! - without a host, the socket folders `/var/run/postgresql` and `/tmp` are
//!   tried, then `localhost` over TCP;
//! - `connect_timeout` is 10 seconds unless set, and bounds name look-up and
//!   every attempt (TCP, TLS and authentication together);
//! - a certificate file that was named but does not exist is an error, in
//!   every `sslmode`;
//! - a second attempt in another mode (`prefer`, `allow`) follows a refusal of
//!   the kind of connection, not one of the password;
//! - `target_session_attrs=primary` asks for a session that can write;
//! - services (`service`, `PGSERVICE`), GSS, certificate revocation lists and
//!   encrypted client keys are refused, by name;
//! - keepalives and `tcp_user_timeout` are set on both sides, so that each notices
//!   within a minute that the other is gone;
//! - a server that asks for the password in clear without TLS is refused, unless
//!   `require_auth` names `password`;
//! - a certificate's common name is never taken for a host name.

mod attempt;
mod auth;
mod cancel;
mod certificate;
mod classify;
mod connection;
mod endpoint;
mod error;
mod keyword;
mod liveness;
mod negotiate;
mod params;
mod passfile;
mod percent;
mod permission;
mod resolve;
mod settings;
mod ssl;
mod target;
mod tls;
mod url;
mod user;
mod verifier;

pub use attempt::open;
pub use cancel::Cancel;
pub use connection::{Connection, Notice, Notices};
pub use error::{ConnectError, Refusal, TlsFault, Unreachable};
pub use settings::Settings;
pub use ssl::SslMode;
