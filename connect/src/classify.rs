//! Turns an error of tokio-postgres into a [`ConnectError`], by its kind and its source.

use std::{error::Error as StdError, io, time::Duration};

use rustls::CertificateError;
use tokio_postgres::{
    Error,
    error::{DbError, SqlState},
};

use crate::{
    auth::Forbidden,
    endpoint::{Endpoint, Host},
    error::{Cause, ConnectError, Refusal, TlsFault, Unreachable},
    negotiate::Unanswered,
    settings::Settings,
};

/// The function of the server that refuses a role that does not exist or may not log in. The
/// SQLSTATE is the same as that of a refusal by `pg_hba.conf`, and the message is in the server's
/// language (Postgres's `miscinit.c`).
const LOGGING_IN: &str = "InitializeSessionUserId";

/// The attempt that failed, for the messages.
#[derive(Clone)]
pub(crate) struct Context {
    target: String,
    user: String,
    database: String,
    endpoint: Endpoint,
    pub(crate) timeout: Option<Duration>,
}

impl Context {
    pub(crate) fn new(settings: &Settings, endpoint: &Endpoint) -> Self {
        Self {
            target: settings.show(endpoint),
            user: settings.user().to_owned(),
            database: settings.database().to_owned(),
            endpoint: endpoint.clone(),
            timeout: settings.connect_timeout(),
        }
    }

    /// Returns the meaning of an error of tokio-postgres.
    pub(crate) fn classify(&self, error: Error) -> ConnectError {
        if let Some(db_error) = error.as_db_error() {
            return self.refused(self.refusal(db_error), error.into_source());
        }
        // The kind is not public, but each kind has its own fixed `Display`.
        let kind = error.to_string();
        if let Some(cause) = tls_error(&error) {
            let reason = self.tls_fault(cause);
            return self.tls(reason, error.into_source());
        }
        if let Some(forbidden) = forbidden(&error) {
            return self.refused(self.forbidden(forbidden), None);
        }
        match (kind.as_str(), error.into_source()) {
            ("error performing TLS handshake", source) => {
                let source = match source.map(<dyn StdError + Send + Sync>::downcast::<Unanswered>)
                {
                    Some(Ok(unanswered)) => return self.io(Some(unanswered.0.into())),
                    Some(Err(source)) => Some(source),
                    None => None,
                };
                let io = source
                    .as_ref()
                    .is_some_and(|source| source.is::<io::Error>());
                let reason = if io {
                    TlsFault::Handshake
                } else {
                    TlsFault::NotOffered
                };
                self.tls(reason, source)
            }
            ("connection closed", source) => self.unreachable(Unreachable::Closed, source),
            ("invalid configuration", source) => self.refused(
                Refusal::NoPassword {
                    user: self.user.clone(),
                },
                source,
            ),
            ("authentication error", source) => self.refused(
                Refusal::Authentication {
                    user: self.user.clone(),
                },
                source,
            ),
            ("error connecting to server" | "error communicating with the server", source) => {
                self.io(source)
            }
            (_, source) => self.refused(Refusal::Protocol, source),
        }
    }

    /// No answer within the limit.
    pub(crate) fn timed_out(&self, limit: Duration) -> ConnectError {
        self.unreachable(Unreachable::TimedOut(limit), None)
    }

    /// The host's name could not be looked up.
    pub(crate) fn unknown_host(&self, source: Option<io::Error>) -> ConnectError {
        self.unreachable(
            Unreachable::UnknownHost(self.host()),
            source.map(Into::into),
        )
    }

    fn host(&self) -> String {
        match &self.endpoint.host {
            Host::Tcp { name, .. } => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        }
    }

    fn forbidden(&self, forbidden: Forbidden) -> Refusal {
        let user = self.user.clone();
        match forbidden {
            Forbidden::InClear => Refusal::PasswordInClear { user },
            Forbidden::NotRequired(method) => Refusal::NotRequired {
                method: method.name(),
            },
        }
    }

    fn refusal(&self, db_error: &DbError) -> Refusal {
        let state = db_error.code();
        let user = self.user.clone();
        if *state == SqlState::INVALID_PASSWORD {
            Refusal::WrongPassword { user }
        } else if *state == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
            match db_error.routine() {
                Some(LOGGING_IN) => Refusal::NoRole { user },
                _ => Refusal::Denied { user },
            }
        } else if *state == SqlState::INVALID_CATALOG_NAME {
            Refusal::NoDatabase {
                database: self.database.clone(),
            }
        } else if *state == SqlState::TOO_MANY_CONNECTIONS {
            Refusal::TooManyConnections
        } else if *state == SqlState::CANNOT_CONNECT_NOW {
            Refusal::NotReady
        } else {
            Refusal::Other {
                sqlstate: state.code().to_owned(),
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls's enum is large and may grow"
    )]
    fn tls_fault(&self, error: &rustls::Error) -> TlsFault {
        let rustls::Error::InvalidCertificate(error) = error else {
            return TlsFault::Handshake;
        };
        match error {
            CertificateError::UnknownIssuer => TlsFault::Untrusted,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFault::NameMismatch { host: self.host() }
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::OutOfDate,
            _ => TlsFault::BadCertificate,
        }
    }

    pub(crate) fn io(&self, source: Option<Cause>) -> ConnectError {
        let error = source
            .as_ref()
            .and_then(|source| source.downcast_ref::<io::Error>());
        let from_system = error.is_some_and(|error| error.raw_os_error().is_some());
        let reason = match (error.map(io::Error::kind), &self.endpoint.host) {
            (Some(io::ErrorKind::PermissionDenied), _) if !from_system => {
                return self.refused(Refusal::SessionAttributes, source);
            }
            (Some(io::ErrorKind::NotFound), Host::Unix(folder)) => {
                Unreachable::NoSocket(Endpoint::socket(folder, self.endpoint.port))
            }
            (Some(io::ErrorKind::ConnectionRefused), _) => Unreachable::Refused,
            (Some(io::ErrorKind::TimedOut), _) => {
                Unreachable::TimedOut(self.timeout.unwrap_or_default())
            }
            (Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset), _) => {
                Unreachable::Closed
            }
            _ => Unreachable::Network,
        };
        self.unreachable(reason, source)
    }

    fn unreachable(&self, reason: Unreachable, source: Option<Cause>) -> ConnectError {
        ConnectError::Unreachable {
            target: self.target.clone(),
            reason,
            source,
        }
    }

    pub(crate) fn refused(&self, reason: Refusal, source: Option<Cause>) -> ConnectError {
        ConnectError::Refused {
            target: self.target.clone(),
            reason,
            source,
        }
    }

    fn tls(&self, reason: TlsFault, source: Option<Cause>) -> ConnectError {
        ConnectError::Tls {
            target: self.target.clone(),
            reason,
            source,
        }
    }
}

/// The error of the TLS library, which an I/O error wraps.
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    error
        .source()?
        .downcast_ref::<io::Error>()?
        .get_ref()?
        .downcast_ref()
}

/// The reason why the server's request was not answered, which an I/O error wraps.
fn forbidden(error: &Error) -> Option<Forbidden> {
    let cause = error.source()?.downcast_ref::<io::Error>()?.get_ref()?;
    cause.downcast_ref().copied()
}
