//! Negotiates encryption with a server, and watches how the server then authenticates.
//!
//! tokio-postgres is configured to begin each connection with TLS (`SslNegotiation::Direct`). So
//! this module makes the stream, encrypted or not.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_postgres::{
    config::{SslMode as Encryption, SslNegotiation},
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream as Encrypted};

use crate::{
    auth::{Channel, Policy, Watch},
    certificate,
    outbox::{Outbox, Writer},
};

/// Turns a connection into a stream, encrypted as the settings ask.
#[derive(Clone)]
pub(crate) struct Connector {
    /// `None` if the connection is not encrypted.
    pub(crate) tls: Option<TlsConnector>,
    pub(crate) encryption: Encryption,
    pub(crate) negotiation: SslNegotiation,
    pub(crate) policy: Policy,
    /// The long messages of the connection.
    pub(crate) outbox: Outbox,
}

/// One connection of a [`Connector`].
pub(crate) struct Negotiation {
    /// `None` if the connection is not encrypted. Otherwise also the name that the certificate
    /// must hold, if names are verified.
    handshake: Option<(TlsConnector, String)>,
    encryption: Encryption,
    opening: SslNegotiation,
    policy: Policy,
    outbox: Outbox,
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Watched<S>;
    type TlsConnect = Negotiation;
    type Error = Infallible;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Negotiation, Infallible> {
        let tls = match self.encryption {
            Encryption::Disable => None,
            Encryption::Prefer | Encryption::Require | _ => self.tls.clone(),
        };
        Ok(Negotiation {
            handshake: tls.map(|tls| (tls, domain.to_owned())),
            encryption: self.encryption,
            opening: self.negotiation,
            policy: self.policy.clone(),
            outbox: self.outbox.clone(),
        })
    }
}

impl<S> TlsConnect<S> for Negotiation
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Watched<S>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Watched<S>, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(self.run(stream))
    }
}

/// Code 80877103 asks for TLS (protocol documentation, *Message Formats*, `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

impl Negotiation {
    async fn run<S>(self, mut stream: S) -> Result<Watched<S>, Box<dyn Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some((tls, name)) = self.handshake else {
            return Ok(Watched::new(
                Stream::Plain(stream),
                self.policy,
                self.outbox,
            ));
        };
        if self.opening == SslNegotiation::Postgres {
            stream.write_all(&SSL_REQUEST).await.map_err(Unanswered)?;
            stream.flush().await.map_err(Unanswered)?;
            let answer = stream.read_u8().await.map_err(Unanswered)?;
            match (answer, self.encryption) {
                (b'S', _) => {}
                (_, Encryption::Require) => return Err(NotOffered.into()),
                _ => {
                    return Ok(Watched::new(
                        Stream::Plain(stream),
                        self.policy,
                        self.outbox,
                    ));
                }
            }
        }
        let name = ServerName::try_from(name)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let stream = Stream::Encrypted(Box::new(tls.connect(name, stream).await?));
        Ok(Watched::new(stream, self.policy, self.outbox))
    }
}

/// The server answered that it has no TLS.
#[derive(Debug)]
pub(crate) struct NotOffered;

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("server does not support TLS")
    }
}

impl Error for NotOffered {}

/// The network failed before the server answered.
#[derive(Debug)]
pub(crate) struct Unanswered(pub(super) io::Error);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unanswered {}

/// A stream that checks the server's requests for authentication, and writes long messages from
/// their pieces.
pub(crate) struct Watched<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    stream: Stream<S>,
    watch: Watch,
    writer: Writer,
}

enum Stream<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Plain(S),
    /// Boxed: a connection without TLS then needs a kilobyte less.
    Encrypted(Box<Encrypted<S>>),
}

impl<S> Watched<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn new(stream: Stream<S>, policy: Policy, outbox: Outbox) -> Watched<S> {
        let channel = match &stream {
            Stream::Plain(_) => Channel::Open,
            Stream::Encrypted(_) => Channel::Closed,
        };
        Watched {
            stream,
            watch: Watch::new(policy, channel),
            writer: Writer::new(outbox),
        }
    }

    /// An unencrypted stream that no other machine can read: a Unix socket.
    pub(crate) fn local(stream: S, policy: Policy, outbox: Outbox) -> Watched<S> {
        Watched {
            stream: Stream::Plain(stream),
            watch: Watch::new(policy, Channel::Closed),
            writer: Writer::new(outbox),
        }
    }
}

impl<S> TlsStream for Watched<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn channel_binding(&self) -> ChannelBinding {
        match &self.stream {
            Stream::Plain(_) => ChannelBinding::none(),
            Stream::Encrypted(stream) => {
                let (_, session) = stream.get_ref();
                let certificates = session.peer_certificates().unwrap_or_default();
                let binding = certificates
                    .first()
                    .and_then(|certificate| certificate::channel_binding(certificate));
                binding.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
            }
        }
    }
}

impl<S> AsyncRead for Watched<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(task, buffer),
            Stream::Encrypted(stream) => Pin::new(stream).poll_read(task, buffer),
        })?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.watch.see(new))
    }
}

impl<S> AsyncWrite for Watched<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Watched { stream, writer, .. } = &mut *self;
        match stream {
            Stream::Plain(stream) => writer.poll_write(stream, task, bytes),
            Stream::Encrypted(stream) => writer.poll_write(stream, task, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(task),
            Stream::Encrypted(stream) => Pin::new(stream).poll_flush(task),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(task),
            Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(task),
        }
    }
}
