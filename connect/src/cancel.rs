//! Cancels the query that runs on a connection, over a connection of its own.
//!
//! tokio-postgres sends the request and hangs up; libpq waits until the server has
//! hung up (`fe-cancel.c`), which it does once the signal is sent. This module waits too:
//! when it returns, no request is left that could cancel a later query.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
    time::Duration,
};

#[cfg(unix)]
use std::path::PathBuf;

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_postgres::{
    CancelToken, Client, Config, Error, NoTls,
    config::{Host as ConfigHost, SslMode as ConnectorMode, SslNegotiation},
    tls::MakeTlsConnect,
};
use tokio_rustls::TlsConnector;

use crate::{
    auth::Policy,
    classify::Context,
    endpoint::{Endpoint, Host},
    error::ConnectError,
    negotiate::Connector,
    outbox::Outbox,
    settings::Settings,
    ssl::SslMode,
    tls,
};

/// Cancels the query that runs on a connection, over a connection of its own
/// with the same encryption.
#[derive(Clone)]
pub struct Cancel {
    token: CancelToken,
    /// `None` if the request is not encrypted. The token of a connection of this crate leaves the
    /// negotiation to the connector.
    tls: Option<Connector>,
    ways: Ways,
    context: Context,
}

/// Where to send the request.
#[derive(Clone)]
enum Ways {
    /// Where the connection was opened.
    One(Way),
    /// tokio-postgres knows.
    OfToken,
    /// To each of these: a server ignores a request for a session that it does not have.
    Each(Vec<Endpoint>),
}

impl Cancel {
    /// Cancels what a client does. `connector` encrypts as on the client's connection.
    pub(crate) fn new(
        client: &Client,
        config: &Config,
        connector: Option<Connector>,
        context: Context,
    ) -> Cancel {
        Cancel {
            token: client.cancel_token(),
            tls: connector.map(|connector| Connector {
                outbox: Outbox::default(),
                ..connector
            }),
            ways: Way::of(config).map_or(Ways::OfToken, Ways::One),
            context,
        }
    }

    /// Cancels what a client of the caller does, at the hosts of the settings.
    pub(crate) fn over_settings(
        client: &Client,
        settings: &Settings,
    ) -> Result<Cancel, ConnectError> {
        let endpoints = settings.resolved().endpoints.clone();
        let Some(first) = endpoints.first() else {
            return Err(ConnectError::settings("there is no host", "name one"));
        };
        let tls = match settings.ssl_mode() {
            SslMode::Disable => None,
            SslMode::Allow
            | SslMode::Prefer
            | SslMode::Require
            | SslMode::VerifyCa
            | SslMode::VerifyFull => Some(handshake(tls::connector(settings)?)),
        };
        Ok(Cancel {
            token: client.cancel_token(),
            tls,
            context: Context::new(settings, first),
            ways: Ways::Each(endpoints),
        })
    }

    /// Asks the server to cancel the query that runs, and waits until the server has sent the
    /// signal. The server does not say whether a query ran; a cancelled query fails with
    /// SQLSTATE 57014.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if the server could not be asked.
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        // Even if the user sets no limit, a cancel request takes only a moment.
        let limit = self.context.timeout.unwrap_or(Duration::from_mins(1));
        match timeout(limit, self.ask()).await {
            Ok(answer) => answer,
            Err(_) => Err(self.context.timed_out(limit)),
        }
    }

    async fn ask(&self) -> Result<(), ConnectError> {
        match &self.ways {
            Ways::One(way) => self.ask_at(way).await,
            Ways::OfToken => {
                let asked = self.unattended().await;
                asked.map_err(|error| self.context.classify(error))
            }
            Ways::Each(endpoints) => {
                let mut asked = Ok(());
                // One of them has the session, so that a failure keeps none from being asked.
                for endpoint in endpoints {
                    asked = asked.and(self.ask_each_of(endpoint).await);
                }
                asked
            }
        }
    }

    async fn ask_at(&self, way: &Way) -> Result<(), ConnectError> {
        let unreachable = |error: io::Error| self.context.io(Some(error.into()));
        let asked = match way {
            Way::Tcp(address, name) => {
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                self.over(stream, name).await
            }
            #[cfg(unix)]
            Way::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                self.over(stream.map_err(unreachable)?, "").await
            }
        };
        asked.map_err(|error| self.context.classify(error))
    }

    async fn ask_each_of(&self, endpoint: &Endpoint) -> Result<(), ConnectError> {
        let mut asked = Ok(());
        for way in self.ways_to(endpoint).await? {
            asked = asked.and(self.ask_at(&way).await);
        }
        asked
    }

    async fn ways_to(&self, endpoint: &Endpoint) -> Result<Vec<Way>, ConnectError> {
        let port = endpoint.port;
        let (name, addresses) = match &endpoint.host {
            #[cfg(unix)]
            Host::Unix(folder) => return Ok(vec![Way::Unix(Endpoint::socket(folder, port))]),
            #[cfg(not(unix))]
            Host::Unix(_) => return Ok(Vec::new()),
            Host::Tcp {
                name,
                address: Some(address),
            } => (name, vec![SocketAddr::new(*address, port)]),
            Host::Tcp {
                name,
                address: None,
            } => match lookup_host((name.as_str(), port)).await {
                Ok(found) => (name, found.collect()),
                Err(error) => return Err(self.context.unknown_host(Some(error))),
            },
        };
        let ways = addresses.into_iter();
        Ok(ways
            .map(|address| Way::Tcp(address, name.clone()))
            .collect())
    }

    async fn over<S>(&self, stream: S, name: &str) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = Attended(stream);
        let Some(mut tls) = self.tls.clone() else {
            return self.token.cancel_query_raw(stream, NoTls).await;
        };
        match MakeTlsConnect::<Attended<S>>::make_tls_connect(&mut tls, name) {
            Ok(tls) => self.token.cancel_query_raw(stream, tls).await,
            Err(never) => match never {},
        }
    }

    async fn unattended(&self) -> Result<(), Error> {
        match self.tls.clone() {
            Some(tls) => self.token.cancel_query(tls).await,
            None => self.token.cancel_query(NoTls).await,
        }
    }
}

/// A connector that only shakes hands: tokio-postgres negotiates first, as the token of the caller's
/// client says.
fn handshake(tls: TlsConnector) -> Connector {
    Connector {
        tls: Some(tls),
        encryption: ConnectorMode::Require,
        negotiation: SslNegotiation::Direct,
        policy: Policy::default(),
        outbox: Outbox::default(),
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").finish_non_exhaustive()
    }
}

/// The address that a connection was opened at.
#[derive(Clone)]
enum Way {
    /// An address, and the name for TLS.
    Tcp(SocketAddr, String),
    /// The file of a socket.
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Way {
    /// The way of a configuration with one endpoint.
    fn of(config: &Config) -> Option<Way> {
        let port = *config.get_ports().first()?;
        match (config.get_hosts().first()?, config.get_hostaddrs().first()) {
            (ConfigHost::Tcp(name), Some(address)) => {
                Some(Way::Tcp(SocketAddr::new(*address, port), name.clone()))
            }
            (ConfigHost::Tcp(_), None) => None,
            #[cfg(unix)]
            (ConfigHost::Unix(folder), _) => {
                Some(Way::Unix(folder.join(format!(".s.PGSQL.{port}"))))
            }
        }
    }
}

/// A stream whose shutdown waits until the other side has hung up.
struct Attended<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Attended<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(task, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Attended<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(task)
    }

    /// Reads until the other side hangs up. Some proxies drop the request if the client hangs
    /// up first.
    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 256];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.0).poll_read(task, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                // An error also means that the other side has hung up.
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}
