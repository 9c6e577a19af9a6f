//! One place where a server may listen, and how lists of hosts, addresses and
//! ports combine into several.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use crate::{error::ConnectError, params::Params};

const DEFAULT_PORT: u16 = 5432;

/// Where Debian's packages, and Postgres itself, put the Unix socket.
pub(crate) const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// A Unix socket's folder or a host on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Unix(PathBuf),
    Tcp {
        /// What the certificate is checked against.
        name: String,
        /// The address, if no name server needs to be asked.
        address: Option<IpAddr>,
    },
}

/// One place where a server may listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Endpoint {
    /// The file that a server with this folder and port listens on.
    pub(crate) fn socket(folder: &Path, port: u16) -> PathBuf {
        folder.join(format!(".s.PGSQL.{port}"))
    }

    /// Whether `other` is on the same host: the names are equal and, if `other` has an address, the
    /// addresses too.
    pub(crate) fn leads_to(&self, other: &Endpoint) -> bool {
        match (&self.host, &other.host) {
            (Host::Unix(folder), Host::Unix(other)) => folder == other,
            (
                Host::Tcp { name, address },
                Host::Tcp {
                    name: other,
                    address: elsewhere,
                },
            ) => name.eq_ignore_ascii_case(other) && (elsewhere.is_none() || address == elsewhere),
            (Host::Unix(_), Host::Tcp { .. }) | (Host::Tcp { .. }, Host::Unix(_)) => false,
        }
    }
}

/// The first socket that exists, or else the last endpoint, `localhost`.
pub(crate) fn first_there(endpoints: &[Endpoint]) -> &[Endpoint] {
    let is_there = |endpoint: &Endpoint| match &endpoint.host {
        Host::Unix(folder) => Endpoint::socket(folder, endpoint.port).exists(),
        Host::Tcp { .. } => true,
    };
    let at = endpoints.iter().position(is_there);
    at.map_or(endpoints, |at| &endpoints[at..=at])
}

/// The endpoints that the parameters name, in the order to try them; without
/// any host the two usual socket folders, then `localhost`.
pub(crate) fn endpoints(params: &Params) -> Result<Vec<Endpoint>, ConnectError> {
    let hosts = list(params, "host");
    let addresses = addresses(params)?;
    let count = hosts.len().max(addresses.len()).max(1);
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(mismatch(
            "`host` and `hostaddr` name different numbers of servers",
        ));
    }
    let ports = ports(params)?;
    if ports.len() > 1 && ports.len() != count {
        return Err(mismatch(
            "`port` names more or fewer ports than there are hosts",
        ));
    }
    let mut endpoints = Vec::new();
    for at in 0..count {
        let port = ports
            .get(at)
            .or(ports.first())
            .copied()
            .unwrap_or(DEFAULT_PORT);
        let name = hosts.get(at).copied().unwrap_or_default();
        let address = addresses.get(at).copied().flatten();
        for host in expand(params, name, address)? {
            endpoints.push(Endpoint { host, port });
        }
    }
    Ok(endpoints)
}

fn expand(params: &Params, name: &str, address: Option<IpAddr>) -> Result<Vec<Host>, ConnectError> {
    if name.contains('@') || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(params.invalid(
            "host",
            "a host is a name, an address, or a folder that begins with `/`",
        ));
    }
    Ok(match (name, address) {
        ("", Some(address)) => vec![Host::Tcp {
            name: address.to_string(),
            address: Some(address),
        }],
        ("", None) => implied(),
        (folder, None) if folder.starts_with('/') => vec![Host::Unix(folder.into())],
        (name, address) => vec![Host::Tcp {
            name: name.to_owned(),
            address,
        }],
    })
}

fn implied() -> Vec<Host> {
    let sockets = SOCKET_FOLDERS
        .iter()
        .map(|folder| Host::Unix(folder.into()));
    let localhost = Host::Tcp {
        name: "localhost".to_owned(),
        address: None,
    };
    if cfg!(unix) {
        sockets.chain([localhost]).collect()
    } else {
        vec![localhost]
    }
}

fn addresses(params: &Params) -> Result<Vec<Option<IpAddr>>, ConnectError> {
    let parse = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some),
    };
    list(params, "hostaddr")
        .into_iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|_| params.invalid("hostaddr", "give a numeric IPv4 or IPv6 address"))
}

fn ports(params: &Params) -> Result<Vec<u16>, ConnectError> {
    let parse = |text: &str| match text {
        "" => Some(DEFAULT_PORT),
        text => text.parse().ok().filter(|port| *port != 0),
    };
    list(params, "port").into_iter().map(parse).collect::<Option<_>>().ok_or_else(|| {
        params.invalid(
            "port",
            "a port is a number from 1 to 65535; in a URL's user or password write `:` as %3A, `/` as %2F",
        )
    })
}

fn list<'a>(params: &'a Params, keyword: &str) -> Vec<&'a str> {
    params
        .get(keyword)
        .map(|text| text.split(',').map(str::trim).collect())
        .unwrap_or_default()
}

fn mismatch(reason: &str) -> ConnectError {
    ConnectError::settings(
        reason,
        "give lists of the same length, or one port for all hosts",
    )
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Host, endpoints};
    use crate::keyword;

    fn shown(text: &str) -> Vec<String> {
        let params = keyword::parse(text).expect("the string is valid");
        let show = |Endpoint { host, port }: Endpoint| match host {
            Host::Unix(folder) => Endpoint::socket(&folder, port).display().to_string(),
            Host::Tcp {
                name,
                address: None,
            } => format!("{name}:{port}"),
            Host::Tcp {
                name,
                address: Some(address),
            } => format!("{name}={address}:{port}"),
        };
        endpoints(&params)
            .expect("the endpoints are valid")
            .into_iter()
            .map(show)
            .collect()
    }

    #[test]
    fn lists_of_hosts_addresses_and_ports_combine() {
        assert_eq!(shown("host=a"), ["a:5432"]);
        assert_eq!(shown("host=a,/b port=1"), ["a:1", "/b/.s.PGSQL.1"]);
        assert_eq!(shown("host=a,b,c port=1,,3"), ["a:1", "b:5432", "c:3"]);
        assert_eq!(shown("host=a hostaddr=::1"), ["a=::1:5432"]);
        assert_eq!(shown("hostaddr=127.0.0.1"), ["127.0.0.1=127.0.0.1:5432"]);
    }

    #[cfg(unix)]
    #[test]
    fn without_a_host_the_usual_sockets_come_before_localhost() {
        assert_eq!(
            shown("port=7"),
            [
                "/var/run/postgresql/.s.PGSQL.7",
                "/tmp/.s.PGSQL.7",
                "localhost:7"
            ],
        );
    }

    #[test]
    fn lists_of_different_lengths_and_invalid_values_are_refused() {
        for text in [
            "host=a,b hostaddr=::1",
            "host=a port=1,2",
            "port=0",
            "port=65536",
            "hostaddr=a",
            "host='a b'",
            "host=a@b",
        ] {
            let params = keyword::parse(text).expect("the string is valid");
            assert!(endpoints(&params).is_err(), "{text}");
        }
    }
}
