//! Sends requests to a collector, and keeps the first failure.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::target::Target;

/// The longest answer that is read.
const LONGEST: u64 = 64 * 1024;

/// The first failure, as a sentence.
pub(super) type Failure = Arc<OnceLock<String>>;

/// An HTTP client that blocks: only the thread that sends spans uses it.
pub(super) struct Client {
    agent: Agent,
    failure: Failure,
}

/// An answer that does not say that the spans are stored.
#[derive(Debug)]
struct Refused(StatusCode);

impl Client {
    pub(super) fn new(target: &Target, failure: Failure) -> Client {
        let config = Agent::config_builder()
            .timeout_global(Some(target.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false);
        let config = match target.uri.scheme_str() {
            Some("https") => config.tls_config(tls()),
            _ => config,
        };
        Client {
            agent: config.build().new_agent(),
            failure,
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = answer.into_parts();
        if !head.status.is_success() {
            return Err(Refused(head.status).into());
        }
        let body = body.with_config().limit(LONGEST).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

/// TLS as connections to Postgres have it, with the root certificates of the system.
fn tls() -> TlsConfig {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<Certificate<'static>> = roots
        .iter()
        .map(|root| Certificate::from_der(root).to_owned())
        .collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(provider)
        .build()
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        if let Err(error) = &sent {
            self.failure.get_or_init(|| sentence(&**error));
        }
        sent
    }
}

fn sentence(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref() {
        // Without "io: ", which `ureq` puts in front.
        Some(ureq::Error::Io(error)) => error.to_string(),
        _ => error.to_string(),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the collector answers with the status {}", self.0)
    }
}

impl Error for Refused {}
