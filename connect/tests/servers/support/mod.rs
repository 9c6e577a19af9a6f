//! What the tests share: opening, and the reason why opening failed.

pub(crate) mod certificates;
pub(crate) mod pooler;
pub(crate) mod server;

use std::{error::Error, io::Write as _, net::TcpListener, thread};

use migrator_connect::{ConnectError, Connection, Refusal, Settings, TlsFault, Unreachable, open};

/// The password of every role.
pub(crate) const PASSWORD: &str = "s3cr3t-p4ss";

pub(crate) fn settings(text: &str) -> Settings {
    Settings::parse(text).expect("the settings are valid")
}

pub(crate) async fn opened(text: &str) -> Connection {
    match open(&settings(text)).await {
        Ok(connection) => connection,
        Err(error) => panic!("{text}: {error}: {:?}", error.source()),
    }
}

/// Returns the error of opening, and checks that the error does not show the password.
pub(crate) async fn refused(text: &str) -> ConnectError {
    let error = open(&settings(text)).await.map(|_| ()).expect_err(text);
    let mut shown = vec![format!("{error} {error:?} {}", error.help())];
    let mut cause = error.source();
    while let Some(error) = cause {
        shown.push(format!("{error} {error:?}"));
        cause = error.source();
    }
    assert!(!shown.concat().contains(PASSWORD), "{shown:?}");
    error
}

pub(crate) async fn tls_fault(text: &str) -> TlsFault {
    let error = refused(text).await;
    let ConnectError::Tls { reason, .. } = error else {
        panic!("{text}: {error}: {:?}", error.source())
    };
    reason
}

pub(crate) async fn refusal(text: &str) -> Refusal {
    let error = refused(text).await;
    let ConnectError::Refused { reason, .. } = error else {
        panic!("{text}: {error}: {:?}", error.source())
    };
    reason
}

pub(crate) async fn unreachable(text: &str) -> Unreachable {
    let error = refused(text).await;
    let ConnectError::Unreachable { reason, .. } = error else {
        panic!("{text}: {error}: {:?}", error.source())
    };
    reason
}

/// Returns the one value that a simple query selects. A prepared statement would also work,
/// but its closing message would still be on its way when this returns.
pub(crate) async fn ask(connection: &Connection, sql: &str) -> String {
    let answers = connection.client.simple_query(sql).await.expect(sql);
    let answer = answers.iter().find_map(|answer| {
        if let tokio_postgres::SimpleQueryMessage::Row(row) = answer {
            row.get(0)
        } else {
            None
        }
    });
    answer.expect(sql).to_owned()
}

pub(crate) async fn is_encrypted(text: &str) -> bool {
    let connection = opened(text).await;
    let sql = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let encrypted = ask(&connection, sql).await == "true";
    connection.close().await;
    encrypted
}

pub(crate) fn user(name: &str) -> String {
    name.to_owned()
}

/// Returns a port on which the first connection gets `answer` and is then closed.
pub(crate) fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    let port = listener.local_addr().expect("it has an address").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody connects");
        // The client may be gone already.
        let _ = stream.write_all(answer);
        let mut asked = [0; 512];
        let _ = std::io::Read::read(&mut stream, &mut asked);
    });
    port
}
