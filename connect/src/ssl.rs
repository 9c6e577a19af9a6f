//! The six values of `sslmode`.

use std::fmt;

/// How much encryption and verification a connection needs, as in libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Not encrypted, unless the server insists.
    Allow,
    /// Encrypted, unless the server cannot. The default.
    Prefer,
    /// Encrypted; verified as [`SslMode::VerifyCa`] if there is a root certificate.
    Require,
    /// Encrypted, and a trusted root certificate has signed the server's certificate.
    VerifyCa,
    /// As [`SslMode::VerifyCa`], and the certificate is for the host in the settings.
    VerifyFull,
}

const NAMES: [(&str, SslMode); 6] = [
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

impl SslMode {
    /// The mode of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, mode)| mode)
    }

    /// Whether a session without encryption is never acceptable.
    pub(crate) fn insists(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }

    /// Whether a root certificate is needed.
    pub(crate) fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES
            .iter()
            .find(|(_, mode)| mode == self)
            .map_or("", |&(name, _)| name);
        f.write_str(name)
    }
}
