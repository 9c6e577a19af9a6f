//! Prepares TLS from the settings: the trusted root certificates and the client's certificate.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{
        CryptoProvider,
        ring::{
            self,
            kx_group::{SECP256R1, SECP384R1, X25519},
        },
    },
    pki_types::{
        CertificateDer, PrivateKeyDer, UnixTime,
        pem::{Error as PemError, PemObject},
    },
};
use tokio_postgres::config::SslNegotiation;
use tokio_rustls::TlsConnector;

use crate::{
    error::{Cause, ConnectError, TlsFault},
    permission,
    settings::Settings,
    ssl::SslMode,
    verifier::{Roots, Trust, Verifier, is_valid},
};

struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// A fault, and the error of the system or the library.
type Fault = (TlsFault, Option<Cause>);

/// Reads the certificates that the settings name and prepares TLS with them.
pub(crate) fn connector(settings: &Settings) -> Result<TlsConnector, ConnectError> {
    config(settings)
        .map(|config| TlsConnector::from(Arc::new(config)))
        .map_err(|(reason, source)| ConnectError::Tls {
            target: settings.display_target(),
            reason,
            source,
        })
}

fn config(settings: &Settings) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(CryptoProvider {
        // Postgres before 18 accepts the first alone (`ssl_ecdh_curve`). rustls sends a key of the
        // first group, and the key of another group would cost one more round trip.
        kx_groups: vec![SECP256R1, X25519, SECP384R1],
        ..ring::default_provider()
    });
    let verifier = Verifier {
        trust: trust(settings)?,
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| (TlsFault::Handshake, Some(error.into())))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity(settings)? {
        None => builder.with_no_client_auth(),
        Some(Identity { chain, key }) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| (TlsFault::ClientCertificate, Some(error.into())))?,
    };
    if settings.resolved().base.get_ssl_negotiation() == SslNegotiation::Direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

/// As in libpq, a root certificate is used in every mode if there is one.
fn trust(settings: &Settings) -> Result<Trust, Fault> {
    let mode = settings.ssl_mode();
    Ok(match (roots(settings)?, mode) {
        (None, mode) if mode.verifies() => return Err((TlsFault::NoRoot(mode), None)),
        (None, _) => Trust::Anyone,
        (Some(roots), SslMode::VerifyFull) => Trust::ChainAndName(roots),
        (Some(roots), _) => Trust::Chain(roots),
    })
}

fn roots(settings: &Settings) -> Result<Option<Roots>, Fault> {
    if settings.param("sslrootcert") == Some("system") {
        return system_roots().map(Some);
    }
    let Some(path) = file(settings, "sslrootcert", "root.crt") else {
        return Ok(None);
    };
    let named = certificates("the root certificate", &path)?;
    let now = UnixTime::now();
    let (valid, not): (Vec<_>, Vec<_>) = named
        .iter()
        .cloned()
        .partition(|certificate| is_valid(certificate, now));
    let (mut store, mut out_of_date) = (RootCertStore::empty(), RootCertStore::empty());
    let (added, _) = store.add_parsable_certificates(valid);
    let (added_too, _) = out_of_date.add_parsable_certificates(not);
    if added + added_too == 0 {
        return Err((
            TlsFault::File {
                what: "the root certificate",
                path,
            },
            None,
        ));
    }
    Ok(Some(Roots {
        store,
        out_of_date,
        named,
    }))
}

fn system_roots() -> Result<Roots, Fault> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(loaded.certs);
    if added == 0 {
        let source = loaded.errors.into_iter().next().map(Into::into);
        return Err((TlsFault::NoSystemRoots, source));
    }
    Ok(Roots {
        store,
        out_of_date: RootCertStore::empty(),
        named: Vec::new(),
    })
}

fn identity(settings: &Settings) -> Result<Option<Identity>, Fault> {
    let Some(path) = file(settings, "sslcert", "postgresql.crt") else {
        return Ok(None);
    };
    let chain = certificates("the client certificate", &path)?;
    let path = settings
        .param("sslkey")
        .map(PathBuf::from)
        .or_else(|| settings.default_file("postgresql.key"))
        .ok_or((TlsFault::ClientCertificate, None))?;
    let unreadable = |source| {
        (
            TlsFault::File {
                what: "the client key",
                path: path.clone(),
            },
            source,
        )
    };
    let metadata = fs::metadata(&path).map_err(|error| unreadable(Some(error.into())))?;
    if !permission::is_private_key(&metadata) {
        return Err((TlsFault::KeyPermissions(path), None));
    }
    let key = PrivateKeyDer::from_pem_file(&path).map_err(|error| unreadable(io_cause(error)))?;
    Ok(Some(Identity { chain, key }))
}

/// The file in the settings, or else libpq's default file if it exists.
fn file(settings: &Settings, keyword: &str, default: &str) -> Option<PathBuf> {
    settings
        .param(keyword)
        .map(PathBuf::from)
        .or_else(|| settings.default_file(default).filter(|path| path.exists()))
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let fault = |source| {
        (
            TlsFault::File {
                what,
                path: path.to_owned(),
            },
            source,
        )
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fault(io_cause(error)))?;
    if certificates.is_empty() {
        Err(fault(None))
    } else {
        Ok(certificates)
    }
}

/// Drops errors about the format, which may quote a file with secrets.
fn io_cause(error: PemError) -> Option<Cause> {
    if let PemError::Io(error) = error {
        Some(error.into())
    } else {
        None
    }
}
