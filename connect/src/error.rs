//! Errors of connecting: a message and help.

use std::{error::Error, path::PathBuf, time::Duration};

use crate::ssl::SslMode;

/// The error of the operating system, the TLS library or the server.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// A connection that could not be opened.
///
/// `Display` says what was tried, to which target, and the kind of failure;
/// the message of the server or the system is in `source()`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The settings are incomplete or malformed.
    #[error("cannot use the connection settings: {reason}")]
    Settings {
        /// What is wrong with the settings, without any secret.
        reason: String,
        /// What to do.
        help: &'static str,
        /// The option of a run that stands in for a parameter of another tool.
        option: Option<RunOption>,
    },
    /// No server answered.
    #[error("cannot reach `{target}`: {reason}")]
    Unreachable {
        /// The target, without the password.
        target: String,
        /// How it failed.
        reason: Unreachable,
        /// The error of the system.
        source: Option<Cause>,
    },
    /// A server answered, and refused the session.
    #[error("cannot open a session on `{target}`: {reason}")]
    Refused {
        /// The target, without the password.
        target: String,
        /// Why.
        reason: Refusal,
        /// The error of the server.
        source: Option<Cause>,
    },
    /// The connection cannot be encrypted as `sslmode` asks.
    #[error("cannot encrypt the connection to `{target}`: {reason}")]
    Tls {
        /// The target, without the password.
        target: String,
        /// Why.
        reason: TlsFault,
        /// The error of the TLS library or the system.
        source: Option<Cause>,
    },
}

/// An option of a run that other tools have as a parameter of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunOption {
    /// The schema of the history.
    Schema,
    /// How many connections a run opens.
    Connections,
    /// How long a script may run, and how long it may wait for a lock.
    Timeouts,
}

/// How a server could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// No server listens on that address and port.
    #[error("no server listens there")]
    Refused,
    /// There is no such Unix socket.
    #[error("there is no socket `{}`", .0.display())]
    NoSocket(PathBuf),
    /// The host name has no address.
    #[error("the host name `{0}` is not known")]
    UnknownHost(String),
    /// No answer within `connect_timeout`.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The other side ended the connection before the session began.
    #[error("the connection was closed before the session began")]
    Closed,
    /// Any other failure of the network or the system.
    #[error("the network failed")]
    Network,
}

/// Why the server refused the session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The password is wrong (SQLSTATE 28P01).
    #[error("the password of `{user}` is wrong")]
    WrongPassword {
        /// The database role.
        user: String,
    },
    /// The server asks for a password and none was given.
    #[error("the server asks for the password of `{user}`, and none was given")]
    NoPassword {
        /// The database role.
        user: String,
    },
    /// The role does not exist, or may not log in (SQLSTATE 28000).
    #[error("the role `{user}` does not exist, or may not log in")]
    NoRole {
        /// The database role.
        user: String,
    },
    /// The rules in `pg_hba.conf` refuse this role from this address (SQLSTATE 28000).
    #[error("the server does not allow `{user}` to connect in this way")]
    Denied {
        /// The database role.
        user: String,
    },
    /// Authentication failed: this crate does not support the method, or the server could not
    /// prove that it knows the password.
    #[error("the authentication of `{user}` failed")]
    Authentication {
        /// The database role.
        user: String,
    },
    /// The server asks for the password in clear over an unencrypted network.
    #[error("the server asks for the password of `{user}` in clear, without TLS")]
    PasswordInClear {
        /// The database role.
        user: String,
    },
    /// The server authenticates in a way that `require_auth` does not allow.
    #[error("the server authenticates by `{method}`, which `require_auth` does not allow")]
    NotRequired {
        /// The method, by its name in `require_auth`.
        method: &'static str,
    },
    /// There is no such database (SQLSTATE 3D000).
    #[error("there is no database `{database}`")]
    NoDatabase {
        /// The database.
        database: String,
    },
    /// There is no such database, and the server did not create it.
    #[error("the server did not create the database `{database}`")]
    NotCreated {
        /// The database.
        database: String,
    },
    /// The server has no connection left (SQLSTATE 53300).
    #[error("the server has no connection left")]
    TooManyConnections,
    /// The server is starting up, shutting down or recovering (SQLSTATE 57P03).
    #[error("the server does not accept connections at the moment")]
    NotReady,
    /// `target_session_attrs` asks for a session that can write, or for one that cannot, and the
    /// session is the other kind.
    #[error("the session does not match `target_session_attrs`")]
    SessionAttributes,
    /// Any other refusal, by its SQLSTATE.
    #[error("the server refused with SQLSTATE {sqlstate}")]
    Other {
        /// The five characters of the SQLSTATE.
        sqlstate: String,
    },
    /// The answer was not one of Postgres's protocol.
    #[error("the answer was not from a Postgres server")]
    Protocol,
}

/// Why the connection cannot be encrypted as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The server has TLS switched off.
    #[error("the server does not offer TLS")]
    NotOffered,
    /// No trusted root certificate has signed the server's certificate.
    #[error("the server's certificate is not signed by a trusted root certificate")]
    Untrusted,
    /// The certificate is for other host names.
    #[error("the server's certificate is not for `{host}`")]
    NameMismatch {
        /// The host in the settings.
        host: String,
    },
    /// The certificate, or the root certificate that signed it, has expired or is not
    /// valid yet.
    #[error("the server's certificate or its root certificate is not valid at this time")]
    OutOfDate,
    /// The certificate cannot be used for another reason.
    #[error("the server's certificate cannot be used")]
    BadCertificate,
    /// The handshake failed otherwise, on either side.
    #[error("the TLS handshake failed")]
    Handshake,
    /// The mode verifies the server, and there is no root certificate.
    #[error("`sslmode={0}` needs a root certificate and there is none")]
    NoRoot(SslMode),
    /// A certificate or key file cannot be read.
    #[error("cannot read {what} `{}`", path.display())]
    File {
        /// What the file should contain.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The key file is readable by others.
    #[error("the client key `{}` is readable by others", .0.display())]
    KeyPermissions(PathBuf),
    /// The client's certificate and key do not fit.
    #[error("the client certificate and its key cannot be used")]
    ClientCertificate,
    /// The system's certificate store is empty or unreadable.
    #[error("the system has no root certificates")]
    NoSystemRoots,
}

impl ConnectError {
    /// The target that the message names, without the password.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Unreachable { target, .. }
            | Self::Refused { target, .. }
            | Self::Tls { target, .. } => Some(target),
            Self::Settings { .. } => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Settings { help, .. } => help,
            Self::Unreachable { reason, .. } => reason.help(),
            Self::Refused { reason, .. } => reason.help(),
            Self::Tls { reason, .. } => reason.help(),
        }
    }

    /// The option of a run that stands in for the refused parameter, which another tool has.
    #[must_use]
    pub fn option(&self) -> Option<RunOption> {
        match self {
            Self::Settings { option, .. } => *option,
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Tls { .. } => None,
        }
    }

    /// Whether the same attempt may succeed a moment later, for example because the server
    /// is starting or has no connection left.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => !matches!(reason, Unreachable::UnknownHost(_)),
            Self::Refused { reason, .. } => {
                matches!(reason, Refusal::NotReady | Refusal::TooManyConnections)
            }
            Self::Settings { .. } | Self::Tls { .. } => false,
        }
    }

    /// An error of the settings: what is wrong with them, without any secret, and what to do.
    #[must_use]
    pub fn settings(reason: impl Into<String>, help: &'static str) -> Self {
        Self::Settings {
            reason: reason.into(),
            help,
            option: None,
        }
    }

    /// A parameter of another tool is an option of a run.
    pub(crate) fn for_run(reason: String, option: RunOption) -> Self {
        Self::Settings {
            reason,
            help: option.help(),
            option: Some(option),
        }
    }
}

impl RunOption {
    fn help(self) -> &'static str {
        match self {
            Self::Schema => {
                "remove it: the history's schema is an option of the run; a search path is `options=-c%20search_path%3DNAME`"
            }
            Self::Connections => {
                "remove it: there is no pool; an option of the run limits its connections"
            }
            Self::Timeouts => "remove it: the timeouts of scripts are options of the run",
        }
    }
}

impl Unreachable {
    fn help(&self) -> &'static str {
        match self {
            Self::Refused => {
                "check the host and the port, and that the server runs and listens on that address"
            }
            Self::NoSocket(_) => {
                "check that the server runs, its `unix_socket_directories`, and the port; or name a host to connect over TCP"
            }
            Self::UnknownHost(_) => "check the spelling of the host and the name servers",
            Self::TimedOut(_) => {
                "check the host, and the firewalls between; `connect_timeout` (seconds) allows more time"
            }
            Self::Closed => {
                "check that the port is a Postgres server's, and the server's log; a proxy may demand or forbid TLS (`sslmode`)"
            }
            Self::Network => "check the network between this machine and the server",
        }
    }
}

impl Refusal {
    fn help(&self) -> &'static str {
        match self {
            Self::WrongPassword { .. } => {
                "check the password; in a URL `@`, `:`, `/`, `?`, `#` and `%` in it are written as %40, %3A, %2F, %3F, %23 and %25"
            }
            Self::NoPassword { .. } => {
                "set PGPASSWORD, write a line into ~/.pgpass (mode 0600), or put it into the URL"
            }
            Self::NoRole { .. } => {
                "check the user in the URL; `CREATE ROLE NAME LOGIN` creates a role that may log in"
            }
            Self::Denied { .. } => {
                "check the user, and the server's pg_hba.conf: it matches address, database, user and whether the connection is encrypted"
            }
            Self::Authentication { .. } => {
                "trust, password, md5, scram-sha-256 and client certificates are supported; channel binding needs TLS and a server that offers it"
            }
            Self::PasswordInClear { .. } => {
                "encrypt the connection (`sslmode=require` or stronger), let the server use scram-sha-256, or allow it by `require_auth=password`"
            }
            Self::NotRequired { .. } => {
                "let the server's pg_hba.conf ask for a method that `require_auth` names, or change `require_auth`; `none` allows a server that asks for nothing"
            }
            Self::NoDatabase { .. } => "create the database (`createdb`), or correct its name",
            Self::NotCreated { .. } => {
                "the role needs CREATEDB (`ALTER ROLE … CREATEDB`); or let another role create the database"
            }
            Self::TooManyConnections => {
                "end idle sessions, or raise the limit (`max_connections`, or the role's or database's CONNECTION LIMIT)"
            }
            Self::NotReady => "wait until the server has started, and run again",
            Self::SessionAttributes => "connect to the primary: a standby cannot be migrated",
            Self::Other { .. } | Self::Protocol => "the server's log says more",
        }
    }
}

impl TlsFault {
    fn help(&self) -> &'static str {
        match self {
            Self::NotOffered => {
                "switch `ssl` on in the server, or allow an unencrypted connection by `sslmode=prefer`"
            }
            Self::Untrusted => {
                "give the certificate of the authority that signed it: `sslrootcert=FILE`, or `sslrootcert=system` for a public one"
            }
            Self::NameMismatch { .. } => {
                "connect by a name or address in the certificate's subjectAltName, or check the chain alone by `sslmode=verify-ca`"
            }
            Self::OutOfDate => "renew the certificate that has expired, and compare the clocks",
            Self::BadCertificate => {
                "verification needs an X.509 version 3 certificate with a subjectAltName"
            }
            Self::Handshake => {
                "the server may want TLS 1.2 or later, or a client certificate (`sslcert`, `sslkey`)"
            }
            Self::NoRoot(_) => {
                "give `sslrootcert=FILE`, or `sslrootcert=system` for the system's certificate store (with `sslmode=verify-full`)"
            }
            Self::File { .. } => "check the path, the permissions, and that the file is PEM",
            Self::KeyPermissions(_) => {
                "make it readable by its owner alone: `chmod 0600` (0640 if root owns it)"
            }
            Self::ClientCertificate => {
                "`sslcert` and `sslkey` must belong together; an encrypted key is not supported"
            }
            Self::NoSystemRoots => {
                "install the system's certificates (often a package `ca-certificates`), or give `sslrootcert=FILE`"
            }
        }
    }
}
