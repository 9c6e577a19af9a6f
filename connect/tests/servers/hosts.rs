//! Which server is reached: several hosts, hosts that do not answer, servers that start.

use std::{net::TcpListener, time::Duration};

use migrator_connect::{ConnectError, Refusal, Unreachable, open};

use super::support::{
    PASSWORD, answering, is_encrypted, refused,
    server::{Server, free_port, server},
    settings, unreachable,
};

#[tokio::test]
async fn each_failure_to_reach_a_server_has_its_own_reason() {
    let nobody = free_port();
    let text = format!("host=127.0.0.1 port={nobody} user=u password={PASSWORD}");
    assert_eq!(unreachable(&text).await, Unreachable::Refused);
    assert_eq!(
        unreachable(&format!("{text} sslmode=require")).await,
        Unreachable::Refused
    );
    let folder = tempfile::tempdir().expect("a folder can be made");
    let socket = format!("host={} port=7 user=u", folder.path().display());
    let missing = Unreachable::NoSocket(folder.path().join(".s.PGSQL.7"));
    assert_eq!(unreachable(&socket).await, missing);
    let unknown = unreachable("host=no-such-host.invalid user=u").await;
    assert_eq!(
        unknown,
        Unreachable::UnknownHost("no-such-host.invalid".to_owned())
    );
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    let port = silent.local_addr().expect("it has an address").port();
    let text = format!("host=127.0.0.1 port={port} user=u connect_timeout=1");
    assert_eq!(
        unreachable(&text).await,
        Unreachable::TimedOut(Duration::from_secs(1))
    );
    let text = format!("host=127.0.0.1 port={} user=u", answering(b""));
    assert_eq!(unreachable(&text).await, Unreachable::Closed);
    let text = format!(
        "host=127.0.0.1 port={} user=u sslmode=disable",
        answering(b"HTTP/1.1 400")
    );
    assert!(open(&settings(&text)).await.is_err());
}

#[tokio::test]
async fn the_first_of_several_hosts_that_answers_is_used() {
    let server = server(Server::Tls);
    let (nobody, port) = (free_port(), server.port);
    for hosts in ["127.0.0.1,127.0.0.1", "/no/such/folder,127.0.0.1"] {
        let text = format!(
            "host={hosts} port={nobody},{port} user=app password={PASSWORD} dbname=postgres"
        );
        assert!(is_encrypted(&text).await, "{hosts}");
        assert!(
            is_encrypted(&format!("{text} load_balance_hosts=random")).await,
            "{hosts}"
        );
    }
}

#[tokio::test]
async fn a_starting_server_is_a_transient_failure() {
    let port = answering(b"E\0\0\0\x2eSFATAL\0C57P03\0Mthe system is starting up\0\0");
    let error = refused(&format!(
        "host=127.0.0.1 port={port} user=u sslmode=disable"
    ))
    .await;
    assert!(
        matches!(
            error,
            ConnectError::Refused {
                reason: Refusal::NotReady,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.is_transient());
}
