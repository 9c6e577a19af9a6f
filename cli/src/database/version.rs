//! The version of a server.

use migrator_runtime::Client;
use tokio_postgres::SimpleQueryMessage;

/// A server's version.
pub(crate) struct Version {
    /// The whole version, such as `15.18`.
    pub(crate) text: String,
    /// The major version, such as 15.
    pub(crate) major: u32,
}

/// Asks the server for its version.
pub(crate) async fn of(client: &Client) -> Result<Version, tokio_postgres::Error> {
    let answers = client
        .postgres()
        .simple_query("SHOW server_version")
        .await?;
    let version = answers.iter().find_map(|message| {
        let SimpleQueryMessage::Row(row) = message else {
            return None;
        };
        row.get(0)
    });
    // A package adds its own version: `15.18 (Debian 15.18-1.pgdg13+1)`.
    let version = version.and_then(|version| version.split_whitespace().next());
    let text = version.unwrap_or("of unknown version");
    let digits = text.split(|c: char| !c.is_ascii_digit()).next();
    Ok(Version {
        major: digits
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_default(),
        text: text.to_owned(),
    })
}
