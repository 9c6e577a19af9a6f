//! How each end of a connection notices that the other one is gone.
//!
//! By default neither end notices for hours: Linux sends its first keepalive probe after two
//! hours, and a server that executes a statement does not look at its socket at all.
//! Here each side notices within 60 seconds: it probes after [`IDLE`] without traffic
//! and gives up when nothing was acknowledged for [`UNACKNOWLEDGED`].
//!
//! The client sets options of its socket. Start-up options set those of the server; they
//! become the session's defaults, so that `RESET ALL` keeps them. Poolers refuse options and
//! older servers do not know all of them: then the client connects with fewer options.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use tokio_postgres::{Config, error::SqlState};

use crate::{
    error::{ConnectError, Refusal},
    params::Params,
};

/// Without traffic for this long, a side sends its first probe.
const IDLE: Duration = Duration::from_secs(20);

/// The time between two probes.
const INTERVAL: Duration = Duration::from_secs(10);

/// How many probes may stay unanswered, where [`UNACKNOWLEDGED`] is not supported.
const PROBES: u32 = 3;

/// How long sent data or probes may stay unacknowledged. On Linux it also replaces the
/// number of probes (tcp(7), `TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED: Duration = Duration::from_secs(45);

/// How often a server that executes a statement checks whether its client is there.
const CHECK: Duration = Duration::from_secs(5);

/// Sets the options of the client's socket that the parameters leave out.
pub(crate) fn client_defaults(params: &Params, config: &mut Config) {
    let is_set = |keyword| params.get(keyword).is_some();
    if !is_set("keepalives_idle") {
        config.keepalives_idle(IDLE);
    }
    if !is_set("keepalives_interval") {
        config.keepalives_interval(INTERVAL);
    }
    if !is_set("keepalives_count") && !is_set("keepalives_retries") {
        config.keepalives_retries(PROBES);
    }
    if !is_set("tcp_user_timeout") {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
}

/// How the connection goes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    Tcp,
    Unix,
}

/// What the server is asked to set for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Probes of its socket, and a check of it while a statement is executed.
    All,
    /// Only the probes, which every supported server has.
    Probes,
    /// Nothing: the other side is a pooler.
    Nothing,
}

impl Request {
    const ALL: [Request; 3] = [Request::All, Request::Probes, Request::Nothing];

    /// The start-up options of a session: those of this crate, then the user's, which override.
    pub(crate) fn options(self, medium: Medium, users: Option<&str>) -> Option<String> {
        let mut options = Vec::new();
        if self != Request::Nothing && medium == Medium::Tcp {
            options.extend([
                format!("-c tcp_keepalives_idle={}", IDLE.as_secs()),
                format!("-c tcp_keepalives_interval={}", INTERVAL.as_secs()),
                format!("-c tcp_keepalives_count={PROBES}"),
                format!("-c tcp_user_timeout={}", UNACKNOWLEDGED.as_millis()),
            ]);
        }
        if self == Request::All {
            let check = CHECK.as_millis();
            options.push(format!("-c client_connection_check_interval={check}"));
        }
        options.extend(users.map(str::to_owned));
        (!options.is_empty()).then(|| options.join(" "))
    }

    /// The request to open the session with after this one was refused; none if the
    /// refusal has another reason.
    pub(crate) fn fewer(self, error: &ConnectError) -> Option<Request> {
        let ConnectError::Refused {
            reason: Refusal::Other { sqlstate },
            ..
        } = error
        else {
            return None;
        };
        // Servers before 14 lack the setting; some systems cannot do it.
        let unknown = [
            &SqlState::UNDEFINED_OBJECT,
            &SqlState::INVALID_PARAMETER_VALUE,
        ];
        // PgBouncer and Neon; RDS Proxy.
        let by_pooler = [
            &SqlState::PROTOCOL_VIOLATION,
            &SqlState::FEATURE_NOT_SUPPORTED,
        ];
        let is_one_of =
            |states: [&SqlState; 2]| states.iter().any(|state| state.code() == sqlstate);
        match self {
            Request::All if is_one_of(unknown) => Some(Request::Probes),
            Request::All | Request::Probes if is_one_of(unknown) || is_one_of(by_pooler) => {
                Some(Request::Nothing)
            }
            Request::All | Request::Probes | Request::Nothing => None,
        }
    }
}

/// The request that the server last accepted, so later connections open at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken(Arc<AtomicU8>);

impl Taken {
    /// The request to begin with.
    pub(crate) fn first(&self) -> Request {
        let at = usize::from(self.0.load(Ordering::Relaxed));
        Request::ALL.get(at).copied().unwrap_or(Request::Nothing)
    }

    /// Notes that the server accepted a session with this request.
    pub(crate) fn note(&self, request: Request) {
        let at = Request::ALL.iter().position(|known| *known == request);
        let at = at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
        self.0.store(at, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectError, IDLE, Medium, Refusal, Request, Taken, UNACKNOWLEDGED};

    fn refused(sqlstate: &str) -> ConnectError {
        ConnectError::Refused {
            target: String::new(),
            reason: Refusal::Other {
                sqlstate: sqlstate.to_owned(),
            },
            source: None,
        }
    }

    #[test]
    fn the_users_options_come_last_and_win() {
        assert_eq!(
            Request::All
                .options(Medium::Tcp, Some("-c tcp_keepalives_idle=5"))
                .as_deref(),
            Some(
                "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 \
                 -c tcp_user_timeout=45000 -c client_connection_check_interval=5000 \
                 -c tcp_keepalives_idle=5"
            ),
        );
        assert_eq!(
            Request::All.options(Medium::Unix, None).as_deref(),
            Some("-c client_connection_check_interval=5000"),
        );
        assert_eq!(Request::Probes.options(Medium::Unix, None), None);
        assert_eq!(
            Request::Nothing
                .options(Medium::Tcp, Some("-c a=b"))
                .as_deref(),
            Some("-c a=b"),
        );
    }

    #[test]
    fn a_refused_request_is_repeated_with_fewer_settings() {
        let after = |request: Request, sqlstate| request.fewer(&refused(sqlstate));
        assert_eq!(after(Request::All, "42704"), Some(Request::Probes));
        assert_eq!(after(Request::All, "08P01"), Some(Request::Nothing));
        assert_eq!(after(Request::Probes, "42704"), Some(Request::Nothing));
        assert_eq!(after(Request::Probes, "0A000"), Some(Request::Nothing));
        assert_eq!(after(Request::Nothing, "08P01"), None);
        assert_eq!(after(Request::All, "53400"), None);
    }

    #[test]
    fn each_copy_starts_with_the_request_that_was_accepted() {
        let taken = Taken::default();
        assert_eq!(taken.first(), Request::All);
        taken.clone().note(Request::Probes);
        assert_eq!(taken.first(), Request::Probes);
    }

    #[test]
    fn a_dead_peer_is_noticed_within_a_minute() {
        let look = super::CHECK + super::INTERVAL;
        assert!((UNACKNOWLEDGED + look).as_secs() <= 60);
        assert!((IDLE + super::INTERVAL * super::PROBES + super::CHECK).as_secs() <= 60);
    }
}
