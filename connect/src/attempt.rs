//! Opens a connection: tries each endpoint and each of its addresses, and for `allow` and
//! `prefer` both with and without TLS.

use std::{
    future::Future,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    path::Path,
};

use rustls::pki_types::ServerName;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{net::lookup_host, time};
use tokio_postgres::{
    Config, NoTls, SimpleQueryMessage,
    config::{LoadBalanceHosts, SslMode as Encryption, SslNegotiation, TargetSessionAttrs},
};
use tokio_rustls::TlsConnector;

use crate::{
    cancel::Cancel,
    classify::Context,
    connection::Connection,
    endpoint::{Endpoint, Host},
    error::{ConnectError, Refusal, TlsFault},
    liveness::{Medium, Request},
    negotiate::{Connector, Watched},
    outbox::Outbox,
    settings::Settings,
    ssl::SslMode,
    tls,
};

/// Opens a connection and starts the task that drives it, with
/// [`tokio::spawn`] on the current runtime, whose time and I/O drivers must be
/// enabled.
///
/// Uses the first host that accepts the session. A host that refuses the session (a wrong
/// password, a missing database) ends the search, as in libpq.
///
/// # Errors
///
/// Returns the [`ConnectError`] of the last endpoint that was tried.
pub async fn open(settings: &Settings) -> Result<Connection, ConnectError> {
    let resolved = settings.resolved();
    let mut endpoints: Vec<&Endpoint> = resolved.endpoints.iter().collect();
    if resolved.base.get_load_balance_hosts() == LoadBalanceHosts::Random {
        endpoints.sort_by_cached_key(|endpoint| RandomState::new().hash_one(endpoint.port));
    }
    let mut last = None;
    for endpoint in endpoints {
        match open_endpoint(settings, endpoint).await {
            Err(error) if next_may_do(&error) => last = Some(error),
            done => return done,
        }
    }
    Err(last.unwrap_or_else(|| ConnectError::settings("there is no host", "name one")))
}

/// Whether another host or address may accept the session.
fn next_may_do(error: &ConnectError) -> bool {
    match error {
        ConnectError::Unreachable { .. } => true,
        ConnectError::Refused { reason, .. } => matches!(
            reason,
            Refusal::NotReady | Refusal::TooManyConnections | Refusal::SessionAttributes
        ),
        ConnectError::Settings { .. } | ConnectError::Tls { .. } => false,
    }
}

async fn open_endpoint(
    settings: &Settings,
    endpoint: &Endpoint,
) -> Result<Connection, ConnectError> {
    let context = Context::new(settings, endpoint);
    let config = config(settings, endpoint);
    let (name, addresses) = match &endpoint.host {
        Host::Unix(folder) => {
            let config = with_socket(config, folder);
            let attempt = Attempt {
                config,
                context: &context,
                tls: None,
                way: Way::Unix(folder),
                settings,
            };
            return attempt.open(Encryption::Disable).await;
        }
        Host::Tcp {
            name,
            address: Some(address),
        } => (name, vec![*address]),
        Host::Tcp {
            name,
            address: None,
        } => (
            name,
            within(&context, addresses(name, endpoint.port, &context)).await?,
        ),
    };
    let tls = if settings.ssl_mode() == SslMode::Disable {
        None
    } else {
        Some(tls::connector(settings)?)
    };
    let mut last = None;
    for address in addresses {
        let mut config = config.clone();
        config
            .host(certificate_name(settings, name, address))
            .hostaddr(address);
        let attempt = Attempt {
            config,
            context: &context,
            tls: tls.as_ref(),
            way: Way::Tcp,
            settings,
        };
        match attempt.run(settings.ssl_mode()).await {
            Err(error) if next_may_do(&error) => last = Some(error),
            done => return done,
        }
    }
    Err(last.unwrap_or_else(|| context.unknown_host(None)))
}

async fn addresses(name: &str, port: u16, context: &Context) -> Result<Vec<IpAddr>, ConnectError> {
    match lookup_host((name, port)).await {
        Ok(found) => Ok(found.map(|address: SocketAddr| address.ip()).collect()),
        Err(error) => Err(context.unknown_host(Some(error))),
    }
}

/// The configuration of tokio-postgres for each attempt at this endpoint.
fn config(settings: &Settings, endpoint: &Endpoint) -> Config {
    let resolved = settings.resolved();
    let mut config = resolved.base.clone();
    config
        .user(&resolved.user)
        .dbname(&resolved.dbname)
        .port(endpoint.port);
    // Otherwise tokio-postgres would shuffle the addresses of one host.
    config.load_balance_hosts(LoadBalanceHosts::Disable);
    if let Some(password) = settings.password(endpoint) {
        config.password(password);
    }
    if let Some(name) = &resolved.application_name {
        config.application_name(name);
    }
    if let Some(timeout) = resolved.connect_timeout {
        config.connect_timeout(timeout);
    }
    config
}

#[cfg(unix)]
fn with_socket(mut config: Config, folder: &std::path::Path) -> Config {
    config.host_path(folder);
    config
}

#[cfg(not(unix))]
fn with_socket(mut config: Config, folder: &std::path::Path) -> Config {
    config.host(folder.to_string_lossy());
    config
}

/// The name for TLS. A name that no certificate can hold fails only if names are
/// verified.
fn certificate_name(settings: &Settings, name: &str, address: IpAddr) -> String {
    if settings.ssl_mode() != SslMode::VerifyFull && ServerName::try_from(name).is_err() {
        return address.to_string();
    }
    name.to_owned()
}

/// One address, and the settings for an attempt at it.
struct Attempt<'a> {
    config: Config,
    context: &'a Context,
    tls: Option<&'a TlsConnector>,
    way: Way<'a>,
    settings: &'a Settings,
}

/// How the connection goes to the server.
#[derive(Clone, Copy)]
enum Way<'a> {
    Tcp,
    Unix(&'a Path),
}

impl Attempt<'_> {
    async fn run(self, mode: SslMode) -> Result<Connection, ConnectError> {
        let (first, second) = match mode {
            SslMode::Disable => (Encryption::Disable, None),
            SslMode::Allow => (Encryption::Disable, Some(Encryption::Require)),
            SslMode::Prefer => (Encryption::Prefer, Some(Encryption::Disable)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                (Encryption::Require, None)
            }
        };
        match (self.open(first).await, second) {
            (Err(error), Some(second)) if refused_this_way(&error) => {
                match self.open(second).await {
                    Err(again) if refused_this_way(&again) => Err(error),
                    done => done,
                }
            }
            (done, _) => done,
        }
    }

    /// Opens a session with the keepalives that the server supports.
    async fn open(&self, encryption: Encryption) -> Result<Connection, ConnectError> {
        let mut request = self.settings.taken().first();
        loop {
            let error = match self.open_with(request, encryption).await {
                Ok(connection) => {
                    self.settings.taken().note(request);
                    return Ok(connection);
                }
                Err(error) => error,
            };
            match request.fewer(&error) {
                Some(fewer) => request = fewer,
                None => return Err(error),
            }
        }
    }

    async fn open_with(
        &self,
        request: Request,
        encryption: Encryption,
    ) -> Result<Connection, ConnectError> {
        let mut config = self.config.clone();
        let medium = match self.way {
            Way::Tcp => Medium::Tcp,
            Way::Unix(_) => Medium::Unix,
        };
        if let Some(options) = request.options(medium, self.config.get_options()) {
            config.options(options);
        }
        match self.way {
            // Boxed: otherwise each caller's future would hold some kB.
            Way::Tcp => {
                let opening = Box::pin(self.over_tcp(config, encryption));
                within(self.context, opening).await
            }
            Way::Unix(folder) => {
                let opening = Box::pin(self.over_socket(config, folder));
                within(self.context, opening).await
            }
        }
    }

    async fn over_tcp(
        &self,
        mut config: Config,
        encryption: Encryption,
    ) -> Result<Connection, ConnectError> {
        let connector = Connector {
            tls: self.tls.cloned(),
            encryption,
            negotiation: config.get_ssl_negotiation(),
            policy: self.settings.resolved().policy.clone(),
            outbox: Outbox::default(),
        };
        // The connector negotiates TLS as tokio-postgres would, and checks the server's requests.
        config
            .ssl_mode(Encryption::Require)
            .ssl_negotiation(SslNegotiation::Direct);
        match config.connect(connector.clone()).await {
            Ok((client, wire)) => {
                let context = self.context.clone();
                let outbox = connector.outbox.clone();
                let cancel = Cancel::new(&client, &config, Some(connector), context);
                Ok(Connection::start(client, wire, cancel, outbox))
            }
            Err(error) => Err(self.context.classify(error)),
        }
    }

    /// Opens a Unix socket. The stream checks how the server authenticates.
    #[cfg(unix)]
    async fn over_socket(
        &self,
        mut config: Config,
        folder: &Path,
    ) -> Result<Connection, ConnectError> {
        config.ssl_mode(Encryption::Disable);
        let port = config.get_ports().first().copied().unwrap_or_default();
        let stream = UnixStream::connect(Endpoint::socket(folder, port)).await;
        let stream = stream.map_err(|error| self.context.io(Some(error.into())))?;
        let outbox = Outbox::default();
        let policy = self.settings.resolved().policy.clone();
        let stream = Watched::local(stream, policy, outbox.clone());
        let (client, wire) = config
            .connect_raw(stream, NoTls)
            .await
            .map_err(|error| self.context.classify(error))?;
        let context = self.context.clone();
        let cancel = Cancel::new(&client, &config, None, context);
        let connection = Connection::start(client, wire, cancel, outbox);
        self.has_attributes(&config, &connection).await?;
        Ok(connection)
    }

    #[cfg(not(unix))]
    async fn over_socket(&self, _: Config, _: &Path) -> Result<Connection, ConnectError> {
        Err(ConnectError::settings(
            "this system has no Unix sockets",
            "name a host",
        ))
    }

    /// Checks `target_session_attrs`, as tokio-postgres does on its own connections.
    #[cfg(unix)]
    async fn has_attributes(
        &self,
        config: &Config,
        connection: &Connection,
    ) -> Result<(), ConnectError> {
        let wanted = match config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => "off",
            TargetSessionAttrs::ReadOnly => "on",
            TargetSessionAttrs::Any | _ => return Ok(()),
        };
        let answers = connection.client.simple_query("SHOW transaction_read_only");
        let answers = answers
            .await
            .map_err(|error| self.context.classify(error))?;
        let is_wanted = |answer: &SimpleQueryMessage| matches!(answer, SimpleQueryMessage::Row(row) if row.get(0) == Some(wanted));
        match answers.iter().any(is_wanted) {
            true => Ok(()),
            false => Err(self.context.refused(Refusal::SessionAttributes, None)),
        }
    }
}

/// Whether the server may accept the other mode, with or without TLS. libpq tries the other
/// mode after every refusal; this crate does not after a wrong password.
fn refused_this_way(error: &ConnectError) -> bool {
    match error {
        ConnectError::Refused {
            reason: Refusal::Denied { .. } | Refusal::PasswordInClear { .. },
            ..
        } => true,
        // The class of connection exceptions, which some proxies use.
        ConnectError::Refused {
            reason: Refusal::Other { sqlstate },
            ..
        } => sqlstate.starts_with("08"),
        ConnectError::Tls { reason, .. } => !matches!(reason, TlsFault::File { .. }),
        ConnectError::Refused { .. }
        | ConnectError::Settings { .. }
        | ConnectError::Unreachable { .. } => false,
    }
}

async fn within<T>(
    context: &Context,
    work: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let Some(limit) = context.timeout else {
        return work.await;
    };
    time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(context.timed_out(limit)))
}
