//! Whether only the owner may read a file with a secret.

use std::fs::Metadata;

/// Whether only the owner may use a password file.
#[cfg(unix)]
pub(crate) fn is_private(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    is_clear(metadata.mode(), 0o077)
}

/// Whether a client key has the permissions that libpq demands: 0600, or 0640
/// if root owns it.
#[cfg(unix)]
pub(crate) fn is_private_key(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    is_clear(metadata.mode(), forbidden)
}

#[cfg(unix)]
fn is_clear(mode: u32, forbidden: u32) -> bool {
    mode & forbidden == 0
}

#[cfg(not(unix))]
pub(crate) fn is_private(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
pub(crate) fn is_private_key(_: &Metadata) -> bool {
    true
}
