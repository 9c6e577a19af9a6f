//! The target as a URL: without the password for messages, and with it for other libraries.

use std::fmt::Write as _;

use crate::{
    endpoint::{Endpoint, Host},
    percent,
};

/// Shows endpoints, role and database as a URL without a password.
pub(crate) fn show(endpoints: &[Endpoint], user: &str, dbname: &str) -> String {
    let user = percent::encode(user, b"");
    let dbname = percent::encode(dbname, b"");
    if let [
        Endpoint {
            host: Host::Unix(folder),
            port,
        },
    ] = endpoints
    {
        let folder = percent::encode(&folder.to_string_lossy(), b"/");
        return format!("postgresql://{user}@/{dbname}?host={folder}&port={port}");
    }
    format!("postgresql://{user}@{}/{dbname}", hosts(endpoints))
}

/// Shows endpoints and database, such as `db-1:5432/tenant_1`.
pub(crate) fn address(endpoints: &[Endpoint], dbname: &str) -> String {
    format!("{}/{}", hosts(endpoints), percent::encode(dbname, b""))
}

fn hosts(endpoints: &[Endpoint]) -> String {
    let mut hosts = String::new();
    for endpoint in endpoints {
        let comma = if hosts.is_empty() { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ = write!(hosts, "{comma}{}:{}", host(&endpoint.host), endpoint.port);
    }
    hosts
}

/// Returns the whole URL with the password, for other libraries. The folder of a socket is in
/// the place of the host, where libpq, tokio-postgres and sqlx all read it.
pub(crate) fn full<'a>(
    endpoints: &[Endpoint],
    (user, password): (&str, Option<&str>),
    dbname: &str,
    parameters: impl Iterator<Item = (&'static str, &'a str)>,
) -> String {
    let encode = |text: &str| percent::encode(text, b"");
    let password = password.map_or_else(String::new, |text| format!(":{}", encode(text)));
    let parameters: Vec<String> = parameters
        .map(|(keyword, value)| format!("{keyword}={}", encode(value)))
        .collect();
    let question = if parameters.is_empty() { "" } else { "?" };
    format!(
        "postgresql://{}{password}@{}/{}{question}{}",
        encode(user),
        hosts(endpoints),
        encode(dbname),
        parameters.join("&")
    )
}

fn host(host: &Host) -> String {
    match host {
        Host::Unix(folder) => percent::encode(&folder.to_string_lossy(), b""),
        Host::Tcp { name, .. } if name.contains(':') => {
            format!("[{}]", percent::encode(name, b":"))
        }
        Host::Tcp { name, .. } => percent::encode(name, b""),
    }
}
