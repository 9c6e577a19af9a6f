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
    net::TcpStream,
    time::timeout,
};
use tokio_postgres::{
    CancelToken, Client, Config, Error, NoTls, config::Host, tls::MakeTlsConnect,
};

use crate::{classify::Context, error::ConnectError, negotiate::Connector, outbox::Outbox};

/// Cancels the query that runs on a connection, over a connection of its own
/// with the same encryption.
#[derive(Clone)]
pub struct Cancel {
    token: CancelToken,
    connector: Option<Connector>,
    way: Option<Way>,
    context: Context,
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
            connector: connector.map(|connector| Connector {
                outbox: Outbox::default(),
                ..connector
            }),
            way: Way::of(config),
            context,
        }
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
        let unreachable = |error: io::Error| self.context.io(Some(error.into()));
        let asked = match &self.way {
            Some(Way::Tcp(address, name)) => {
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                self.over(stream, name).await
            }
            #[cfg(unix)]
            Some(Way::Unix(path)) => {
                let stream = tokio::net::UnixStream::connect(path).await;
                self.over(stream.map_err(unreachable)?, "").await
            }
            None => self.unattended().await,
        };
        asked.map_err(|error| self.context.classify(error))
    }

    async fn over<S>(&self, stream: S, name: &str) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = Attended(stream);
        let tls = self.connector.clone().and_then(|mut tls| {
            MakeTlsConnect::<Attended<S>>::make_tls_connect(&mut tls, name).ok()
        });
        match tls {
            Some(tls) => self.token.cancel_query_raw(stream, tls).await,
            None => self.token.cancel_query_raw(stream, NoTls).await,
        }
    }

    async fn unattended(&self) -> Result<(), Error> {
        match &self.connector {
            Some(tls) => self.token.cancel_query(tls.clone()).await,
            None => self.token.cancel_query(NoTls).await,
        }
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
            (Host::Tcp(name), Some(address)) => {
                Some(Way::Tcp(SocketAddr::new(*address, port), name.clone()))
            }
            (Host::Tcp(_), None) => None,
            #[cfg(unix)]
            (Host::Unix(folder), _) => Some(Way::Unix(folder.join(format!(".s.PGSQL.{port}")))),
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
