//! Recognises the local development server of the checkout.

use migrator_runtime::Settings;

/// Whether settings name a database of the local development server of this checkout.
#[cfg(feature = "local-server")]
pub(crate) fn is_own(settings: &Settings) -> bool {
    let folder = crate::tree::Folder::find(None);
    let checkout = folder.as_ref().and_then(|folder| folder.checkout().ok());
    let server = checkout.and_then(migrator_localpg::DevServer::running);
    let own = server.and_then(|server| Settings::parse(&server.url()).ok());
    let address = |settings: Settings| settings.with_database("postgres").address();
    own.is_some_and(|own| address(own) == address(settings.clone()))
}

/// This build has no server of its own.
#[cfg(not(feature = "local-server"))]
pub(crate) fn is_own(_: &Settings) -> bool {
    false
}
