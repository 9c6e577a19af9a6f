//! Turns parameters from text into settings with types and defaults. Reads no file and no
//! environment.

use std::time::Duration;

use tokio_postgres::config::{Config, SslNegotiation};

use crate::{
    auth::Policy,
    endpoint::{self, Endpoint},
    error::ConnectError,
    liveness,
    params::Params,
    ssl::SslMode,
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The parameters that tokio-postgres parses: its keyword, libpq's keyword, and the help.
const PASSED_ON: &[(&str, &str, &str)] = &[
    (
        "options",
        "options",
        "give command-line options of the server, as `-c name=value`",
    ),
    (
        "channel_binding",
        "channel_binding",
        "it is `disable`, `prefer` or `require`",
    ),
    (
        "sslnegotiation",
        "sslnegotiation",
        "it is `postgres` or `direct`",
    ),
    (
        "load_balance_hosts",
        "load_balance_hosts",
        "it is `disable` or `random`",
    ),
    ("keepalives", "keepalives", "it is 0 or 1"),
    (
        "keepalives_idle",
        "keepalives_idle",
        "give a number of seconds",
    ),
    (
        "keepalives_interval",
        "keepalives_interval",
        "give a number of seconds",
    ),
    ("keepalives_retries", "keepalives_retries", "give a number"),
    ("keepalives_retries", "keepalives_count", "give a number"),
];

/// Settings with types and defaults. Has no `Debug`: it holds the password.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) user: String,
    pub(crate) dbname: String,
    pub(crate) password: Option<String>,
    pub(crate) application_name: Option<String>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) ssl_mode: SslMode,
    pub(crate) policy: Policy,
    /// The configuration of tokio-postgres that all endpoints share.
    pub(crate) base: Config,
}

/// Resolves the parameters; `os_user` stands in for a missing `user`.
pub(crate) fn resolve(
    params: &Params,
    os_user: impl FnOnce() -> Option<String>,
) -> Result<Resolved, ConnectError> {
    refuse_unsupported(params)?;
    let user = params
        .get("user")
        .map(str::to_owned)
        .or_else(os_user)
        .ok_or_else(|| {
            ConnectError::settings("there is no user", "name the database role: `user`, PGUSER")
        })?;
    let ssl_mode = ssl_mode(params)?;
    Ok(Resolved {
        endpoints: endpoint::endpoints(params)?,
        dbname: params.get("dbname").unwrap_or(&user).to_owned(),
        user,
        password: params.get("password").map(str::to_owned),
        application_name: ["application_name", "fallback_application_name"]
            .iter()
            .find_map(|keyword| params.get(keyword))
            .map(str::to_owned),
        connect_timeout: connect_timeout(params)?,
        ssl_mode,
        policy: Policy::read(params)?,
        base: base(params, ssl_mode)?,
    })
}

fn refuse_unsupported(params: &Params) -> Result<(), ConnectError> {
    if params.get("service").is_some() {
        return Err(ConnectError::settings(
            "connection services (`service`, PGSERVICE) are not supported",
            "write out what the service's section holds, as a URL or as PG* variables",
        ));
    }
    if params.get("gssencmode") == Some("require") {
        return Err(params.invalid("gssencmode", "GSS encryption is not supported; use TLS"));
    }
    match params
        .get("client_encoding")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("auto" | "utf8" | "utf-8" | "unicode") => Ok(()),
        Some(_) => Err(params.invalid(
            "client_encoding",
            "migrations are UTF-8, and so is the session",
        )),
    }
}

/// The default mode is `prefer`. With the system's certificates it is `verify-full`, because
/// any server could have one of those.
fn ssl_mode(params: &Params) -> Result<SslMode, ConnectError> {
    let system = params.get("sslrootcert") == Some("system");
    let mode = match params.get("sslmode") {
        None if system => SslMode::VerifyFull,
        None => SslMode::Prefer,
        Some(name) => SslMode::named(name).ok_or_else(|| {
            params.invalid(
                "sslmode",
                "it is `disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`",
            )
        })?,
    };
    if system && !matches!(mode, SslMode::VerifyFull | SslMode::Disable) {
        return Err(ConnectError::settings(
            format!("`sslmode={mode}` is too weak for `sslrootcert=system`"),
            "use `sslmode=verify-full`: anyone can have a certificate from a public authority",
        ));
    }
    Ok(mode)
}

fn base(params: &Params, ssl_mode: SslMode) -> Result<Config, ConnectError> {
    let mut text = String::new();
    for (theirs, ours, help) in PASSED_ON {
        let Some(value) = params.get(ours) else {
            continue;
        };
        let pair = format!(
            "{theirs}='{}' ",
            value.replace('\\', "\\\\").replace('\'', "\\'")
        );
        if pair.parse::<Config>().is_err() {
            return Err(params.invalid(ours, help));
        }
        text.push_str(&pair);
    }
    text.push_str(session_attributes(params)?);
    // Each pair has been parsed on its own, so this cannot fail.
    let mut config = text
        .parse::<Config>()
        .map_err(|_| params.invalid("options", ""))?;
    liveness::client_defaults(params, &mut config);
    if config.get_ssl_negotiation() == SslNegotiation::Direct && !ssl_mode.insists() {
        return Err(ConnectError::settings(
            format!("`sslmode={ssl_mode}` is too weak for `sslnegotiation=direct`"),
            "use `sslmode=require` or stronger",
        ));
    }
    if let Some(timeout) = tcp_user_timeout(params)? {
        config.tcp_user_timeout(timeout);
    }
    Ok(config)
}

fn session_attributes(params: &Params) -> Result<&'static str, ConnectError> {
    match params.get("target_session_attrs") {
        None | Some("any") => Ok(""),
        Some("read-write" | "primary") => Ok("target_session_attrs=read-write"),
        Some("read-only") => Ok("target_session_attrs=read-only"),
        Some(_) => Err(params.invalid(
            "target_session_attrs",
            "it is `any`, `read-write`, `primary` or `read-only`; a standby cannot be migrated",
        )),
    }
}

/// In seconds; zero and less mean no limit.
fn connect_timeout(params: &Params) -> Result<Option<Duration>, ConnectError> {
    let Some(text) = params.get("connect_timeout") else {
        return Ok(Some(DEFAULT_TIMEOUT));
    };
    let seconds = text.trim().parse::<i32>().map_err(|_| {
        params.invalid(
            "connect_timeout",
            "give a number of seconds; 0 waits without limit",
        )
    })?;
    Ok(positive(seconds).map(Duration::from_secs))
}

/// In milliseconds, as in libpq; tokio-postgres would parse seconds.
fn tcp_user_timeout(params: &Params) -> Result<Option<Duration>, ConnectError> {
    let Some(text) = params.get("tcp_user_timeout") else {
        return Ok(None);
    };
    let millis = text
        .trim()
        .parse::<i32>()
        .map_err(|_| params.invalid("tcp_user_timeout", "give a number of milliseconds"))?;
    Ok(positive(millis).map(Duration::from_millis))
}

fn positive(number: i32) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| *number > 0)
}
