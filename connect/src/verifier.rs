//! Judges the server's certificate as `sslmode` asks.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
        verify_tls13_signature_with_raw_key,
    },
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::ParsedCertificate,
};

use crate::certificate;

/// What the server's certificate must prove.
#[derive(Debug)]
pub(crate) enum Trust {
    /// Nothing: the connection is encrypted, but any server is accepted.
    Anyone,
    /// A trusted root certificate has signed it.
    Chain(Roots),
    /// The same, and the certificate is for the host in the settings.
    ChainAndName(Roots),
}

/// The trusted root certificates.
#[derive(Debug)]
pub(crate) struct Roots {
    pub(crate) store: RootCertStore,
    /// Root certificates that are not valid now. webpki does not check the dates of a root.
    pub(crate) out_of_date: RootCertStore,
    /// The root certificates in the user's file. A server may present one of these itself:
    /// Postgres's manual describes how to trust a self-signed certificate in this way, and
    /// OpenSSL accepts it. webpki accepts no authority's certificate from a server.
    pub(crate) named: Vec<CertificateDer<'static>>,
}

/// Judges the server's certificate. The server must always prove that it has the key,
/// because channel binding relies on this proof.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) trust: Trust,
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn chain(
        &self,
        roots: &Roots,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if roots.named.contains(certificate) {
            return match is_valid(certificate, now) {
                true => Ok(()),
                false => Err(CertificateError::Expired.into()),
            };
        }
        let parsed = ParsedCertificate::try_from(certificate)?;
        let signed_by = |store: &RootCertStore| {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                store,
                intermediates,
                now,
                algorithms,
            )
        };
        match signed_by(&roots.store) {
            Err(_) if signed_by(&roots.out_of_date).is_ok() => {
                Err(CertificateError::Expired.into())
            }
            done => done,
        }
    }
}

/// Whether a certificate is valid at this time. A certificate without dates is not valid.
pub(crate) fn is_valid(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    certificate::validity(certificate).is_some_and(|validity| validity.contains(&now))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            Trust::Anyone => {}
            Trust::Chain(roots) => self.chain(roots, certificate, intermediates, now)?,
            Trust::ChainAndName(roots) => {
                self.chain(roots, certificate, intermediates, now)?;
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if ParsedCertificate::try_from(certificate).is_ok() {
            return verify_tls13_signature(message, certificate, signature, &self.algorithms);
        }
        let key = certificate::public_key(certificate)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let key = SubjectPublicKeyInfoDer::from(key);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
