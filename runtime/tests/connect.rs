//! `connect` against real servers: every `sslmode`, every kind of failure.
//!
//! The servers are the machine's own Postgres, started on loopback addresses
//! with certificates made for the occasion. Without one the tests fail.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy lets tests do so, but not the functions they share"
)]

use std::{error::Error, future::Future, io::Write as _, net::TcpListener, thread, time::Duration};

use migrator_runtime::connect::{
    ConnectError, Connection, Refusal, Settings, SslMode, TlsFault, Unreachable, open,
};
use support::{PASSWORD, Server, server};

fn settings(text: &str) -> Settings {
    Settings::parse(text).expect("the settings are valid")
}

async fn opened(text: &str) -> Connection {
    match open(&settings(text)).await {
        Ok(connection) => connection,
        Err(error) => panic!("{text}: {error}: {:?}", error.source()),
    }
}

/// The error of opening, having checked that it does not show the password.
async fn refused(text: &str) -> ConnectError {
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

async fn tls_fault(text: &str) -> TlsFault {
    let error = refused(text).await;
    let ConnectError::Tls { reason, .. } = error else {
        panic!("{text}: {error}: {:?}", error.source())
    };
    reason
}

async fn refusal(text: &str) -> Refusal {
    let error = refused(text).await;
    let ConnectError::Refused { reason, .. } = error else {
        panic!("{text}: {error}: {:?}", error.source())
    };
    reason
}

async fn unreachable(text: &str) -> Unreachable {
    let error = refused(text).await;
    let ConnectError::Unreachable { reason, .. } = error else {
        panic!("{text}: {error}: {:?}", error.source())
    };
    reason
}

/// The one answer to a simple query: nothing of it is still under way afterwards, as the closing of
/// a prepared statement would be.
async fn ask(connection: &Connection, sql: &str) -> String {
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

async fn is_encrypted(text: &str) -> bool {
    let connection = opened(text).await;
    let sql = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let encrypted = ask(&connection, sql).await == "true";
    connection.close().await;
    encrypted
}

fn user(name: &str) -> String {
    name.to_owned()
}

#[tokio::test]
async fn every_mode_does_what_libpqs_does_where_the_server_has_tls() {
    let server = server(Server::Tls);
    let (app, ca) = (server.app(), server.file("ca.crt"));
    for (rest, encrypted) in [
        ("sslmode=disable".to_owned(), false),
        ("sslmode=allow".to_owned(), false),
        (String::new(), true),
        ("sslmode=prefer".to_owned(), true),
        ("sslmode=require".to_owned(), true),
        (format!("sslmode=require sslrootcert={ca}"), true),
        (format!("sslmode=verify-ca sslrootcert={ca}"), true),
        (format!("sslmode=verify-full sslrootcert={ca}"), true),
    ] {
        assert_eq!(
            is_encrypted(&format!("{app} {rest}")).await,
            encrypted,
            "{rest}"
        );
    }
}

#[tokio::test]
async fn every_mode_does_what_libpqs_does_where_the_server_has_no_tls() {
    let app = server(Server::Plain).app();
    let ca = server(Server::Plain).file("ca.crt");
    for mode in ["disable", "allow", "prefer"] {
        assert!(
            !is_encrypted(&format!("{app} sslmode={mode}")).await,
            "{mode}"
        );
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        let text = format!("{app} sslmode={mode} sslrootcert={ca}");
        assert_eq!(tls_fault(&text).await, TlsFault::NotOffered, "{mode}");
    }
}

#[tokio::test]
async fn allow_and_prefer_try_the_other_way_when_the_server_refuses_this_one() {
    let server = server(Server::Tls);
    let (tls, plain) = (server.user("tlsonly"), server.user("plainonly"));
    assert!(is_encrypted(&format!("{tls} sslmode=allow")).await);
    assert!(is_encrypted(&format!("{tls} sslmode=prefer")).await);
    assert!(!is_encrypted(&format!("{plain} sslmode=prefer")).await);
    let denied = |name| Refusal::Denied { user: user(name) };
    assert_eq!(
        refusal(&format!("{tls} sslmode=disable")).await,
        denied("tlsonly")
    );
    assert_eq!(
        refusal(&format!("{plain} sslmode=require")).await,
        denied("plainonly")
    );
    let nobody = server.user("nobody");
    assert_eq!(
        refusal(&format!("{nobody} sslmode=prefer")).await,
        denied("nobody")
    );
    assert_eq!(
        refusal(&format!("{nobody} sslmode=allow")).await,
        denied("nobody")
    );
}

#[tokio::test]
async fn a_server_that_no_trusted_authority_vouches_for_is_refused() {
    let server = server(Server::Tls);
    let other = format!(
        "{} sslrootcert={}",
        server.app(),
        server.file("other-ca.crt")
    );
    for mode in ["require", "verify-ca", "verify-full"] {
        let fault = tls_fault(&format!("{other} sslmode={mode}")).await;
        assert_eq!(fault, TlsFault::Untrusted, "{mode}");
    }
    assert!(!is_encrypted(&format!("{other} sslmode=prefer")).await);
    let fault = tls_fault(&format!("{} sslrootcert=system", server.app())).await;
    assert!(
        matches!(fault, TlsFault::Untrusted | TlsFault::NoSystemRoots),
        "{fault}"
    );
}

#[tokio::test]
async fn only_verify_full_checks_the_name() {
    let server = server(Server::Tls);
    let verified = |host: &str, mode: &str| {
        let app = server.at(host, "app");
        format!("{app} sslmode={mode} sslrootcert={}", server.file("ca.crt"))
    };
    let elsewhere = "other.test hostaddr=127.0.0.1";
    assert_eq!(
        tls_fault(&verified(elsewhere, "verify-full")).await,
        TlsFault::NameMismatch {
            host: "other.test".to_owned()
        },
    );
    assert!(is_encrypted(&verified(elsewhere, "verify-ca")).await);
    for host in ["db.test hostaddr=127.0.0.1", "127.0.0.1", "localhost"] {
        assert!(is_encrypted(&verified(host, "verify-full")).await, "{host}");
    }
    assert!(is_encrypted(&verified("'' hostaddr=127.0.0.1", "verify-full")).await);
    assert!(is_encrypted(&verified("not_a-.name. hostaddr=127.0.0.1", "require")).await);
}

#[tokio::test]
async fn verification_needs_a_root_certificate() {
    let server = server(Server::Tls);
    for (name, mode) in [
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ] {
        let error = refused(&format!("{} sslmode={name}", server.app())).await;
        assert_eq!(error.code(), "M0904");
        assert!(
            error.help().contains("sslrootcert=system"),
            "{}",
            error.help()
        );
        assert!(
            matches!(error, ConnectError::Tls { reason: TlsFault::NoRoot(of), .. } if of == mode)
        );
    }
    for file in ["no-such.crt", "ca.key"] {
        let text = format!("{} sslrootcert={}", server.app(), server.file(file));
        assert!(
            matches!(tls_fault(&text).await, TlsFault::File { .. }),
            "{file}"
        );
    }
}

#[tokio::test]
async fn the_root_certificate_in_the_home_folder_is_found() {
    let server = server(Server::Tls);
    let home = tempfile::tempdir().expect("a folder can be made");
    let folder = home.path().join(".postgresql");
    std::fs::create_dir(&folder).expect("a folder can be made");
    let open_with = async |ca: &str| {
        std::fs::copy(server.file(ca), folder.join("root.crt")).expect("a file can be copied");
        let home = home.path().display().to_string();
        let settings = settings(&format!("{} sslmode=require", server.app()))
            .with_env(|name| (name == "HOME").then(|| home.clone()))
            .expect("the environment is valid");
        open(&settings).await.map(|_| ())
    };
    assert!(open_with("ca.crt").await.is_ok());
    let error = open_with("other-ca.crt")
        .await
        .expect_err("the authority is another");
    assert!(
        matches!(
            error,
            ConnectError::Tls {
                reason: TlsFault::Untrusted,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_certificate_of_version_1_serves_where_nothing_is_verified() {
    let server = server(Server::OldCertificate);
    let text = format!("{} sslmode=require", server.app());
    assert!(is_encrypted(&format!("{text} channel_binding=require")).await);
    if support::is_version_1(&server.file("old.crt")) {
        let text = format!("{text} sslrootcert={}", server.file("ca.crt"));
        assert_eq!(tls_fault(&text).await, TlsFault::BadCertificate);
    }
}

#[tokio::test]
async fn a_self_signed_certificate_can_be_its_own_root() {
    let server = server(Server::SelfSigned);
    let root = format!("sslrootcert={}", server.file("self.crt"));
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(
            is_encrypted(&format!("{} sslmode={mode} {root}", server.app())).await,
            "{mode}"
        );
    }
    let elsewhere = server.at("other.test hostaddr=127.0.0.1", "app");
    let fault = tls_fault(&format!("{elsewhere} sslmode=verify-full {root}")).await;
    assert_eq!(
        fault,
        TlsFault::NameMismatch {
            host: "other.test".to_owned()
        }
    );
}

#[tokio::test]
async fn a_root_certificate_that_is_not_valid_now_vouches_for_nobody() {
    let (expired, tls) = (server(Server::Expired), server(Server::Tls));
    let itself = format!(
        "{} sslrootcert={}",
        expired.app(),
        expired.file("expired.crt")
    );
    let authority = format!("{} sslrootcert={}", tls.app(), tls.file("expired-ca.crt"));
    for mode in ["require", "verify-ca", "verify-full"] {
        for root in [&itself, &authority] {
            let fault = tls_fault(&format!("{root} sslmode={mode}")).await;
            assert_eq!(fault, TlsFault::OutOfDate, "{root} {mode}");
        }
    }
}

#[tokio::test]
async fn a_client_certificate_logs_in() {
    let server = server(Server::Tls);
    let user = server.user("certuser");
    let text = |key: &str| {
        let (certificate, key) = (server.file("client.crt"), server.file(key));
        format!("{user} sslmode=require sslcert={certificate} sslkey={key}")
    };
    assert!(is_encrypted(&text("client.key")).await);
    let denied = Refusal::Denied {
        user: "certuser".to_owned(),
    };
    assert_eq!(refusal(&format!("{user} sslmode=require")).await, denied);
    assert!(matches!(
        tls_fault(&text("open.key")).await,
        TlsFault::KeyPermissions(_)
    ));
    assert!(matches!(
        tls_fault(&text("no-such.key")).await,
        TlsFault::File { .. }
    ));
    assert_eq!(
        tls_fault(&text("ca.key")).await,
        TlsFault::ClientCertificate
    );
}

#[tokio::test]
async fn a_password_goes_in_clear_only_through_tls_or_where_that_is_allowed() {
    let (tls, plain) = (server(Server::Tls), server(Server::Plain));
    let in_clear = Refusal::PasswordInClear {
        user: user("clear"),
    };
    for text in [
        plain.user("clear"),
        format!("{} sslmode=disable", tls.user("clear")),
        format!("{} require_auth=!md5", plain.user("clear")),
    ] {
        assert_eq!(refusal(&text).await, in_clear, "{text}");
    }
    assert!(is_encrypted(&tls.user("clear")).await);
    assert!(is_encrypted(&format!("{} sslmode=allow", tls.user("clear"))).await);
    let allowed = format!("{} require_auth=password", plain.user("clear"));
    assert!(!is_encrypted(&allowed).await);
}

#[tokio::test]
async fn a_server_authenticates_as_require_auth_says() {
    let server = server(Server::Tls);
    let socket = format!(
        "host={} port={} user=app dbname=postgres",
        server.file(""),
        server.port
    );
    for text in [
        format!("{} require_auth=scram-sha-256", server.app()),
        format!(
            "{} sslmode=disable require_auth=md5,scram-sha-256",
            server.app()
        ),
        format!("{} require_auth=!none,!password", server.app()),
        format!("{socket} require_auth=none"),
        format!("{socket} require_auth=!password target_session_attrs=read-write"),
    ] {
        opened(&text).await.close().await;
    }
    for (text, method) in [
        (
            format!("{} require_auth=none", server.app()),
            "scram-sha-256",
        ),
        (
            format!("{} require_auth=!scram-sha-256", server.app()),
            "scram-sha-256",
        ),
        (
            format!("{} require_auth=scram-sha-256", server.user("clear")),
            "password",
        ),
        (format!("{socket} require_auth=scram-sha-256"), "none"),
        (format!("{socket} require_auth=!none"), "none"),
    ] {
        assert_eq!(
            refusal(&text).await,
            Refusal::NotRequired { method },
            "{text}"
        );
    }
    let standby = format!("{socket} require_auth=none target_session_attrs=read-only");
    assert_eq!(refusal(&standby).await, Refusal::SessionAttributes);
}

#[tokio::test]
async fn scram_binds_the_channel() {
    let server = server(Server::Tls);
    let bound = format!("{} channel_binding=require", server.app());
    assert!(is_encrypted(&format!("{bound} sslmode=require")).await);
    let broken = Refusal::Authentication { user: user("app") };
    assert_eq!(refusal(&format!("{bound} sslmode=disable")).await, broken);
    assert!(is_encrypted(&format!("{} channel_binding=disable", server.app())).await);
}

#[tokio::test]
async fn what_the_server_refuses_is_told_apart() {
    let server = server(Server::Tls);
    let at = server.at("127.0.0.1", "app");
    for mode in ["disable", "prefer", "require"] {
        let wrong = format!("{at} sslmode={mode} password={PASSWORD}-wrong");
        assert_eq!(
            refusal(&wrong).await,
            Refusal::WrongPassword { user: user("app") },
            "{mode}"
        );
    }
    let none = format!("{at} password=''");
    assert_eq!(
        refusal(&none).await,
        Refusal::NoPassword { user: user("app") }
    );
    let missing = format!("{at} dbname=no-such");
    assert_eq!(
        refusal(&missing).await,
        Refusal::NoDatabase {
            database: "no-such".to_owned()
        }
    );
    assert_eq!(
        refusal(&server.user("limited")).await,
        Refusal::TooManyConnections
    );
    let standby = format!("{at} target_session_attrs=read-only");
    assert_eq!(refusal(&standby).await, Refusal::SessionAttributes);
    let primary = format!("{at} target_session_attrs=primary");
    opened(&primary).await.close().await;
    let error = refused(&missing).await;
    assert_eq!(error.code(), "M0903");
    let port = server.port;
    assert_eq!(
        error.to_string(),
        format!(
            "cannot open a session on `postgresql://app@127.0.0.1:{port}/no-such`: there is no database `no-such`"
        ),
    );
    let cause = error.source().map(ToString::to_string);
    assert_eq!(
        cause.as_deref(),
        Some("FATAL: database \"no-such\" does not exist")
    );
}

#[tokio::test]
async fn a_server_that_starts_up_may_be_asked_again() {
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

#[tokio::test]
async fn what_cannot_be_reached_is_told_apart() {
    let nobody = support::free_port();
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

/// A port where the first connection gets that answer and is closed.
fn answering(answer: &'static [u8]) -> u16 {
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

#[tokio::test]
async fn of_several_hosts_the_first_that_answers_is_used() {
    let server = server(Server::Tls);
    let (nobody, port) = (support::free_port(), server.port);
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
async fn a_unix_socket_is_never_encrypted() {
    let server = server(Server::Tls);
    let folder = server.file("");
    let port = server.port;
    let text = format!("postgresql://app@/postgres?host={folder}&port={port}&sslmode=verify-full");
    assert!(!is_encrypted(&text).await);
    let encoded = folder.replace('/', "%2F");
    assert!(!is_encrypted(&format!("postgresql://app@{encoded}:{port}/postgres")).await);
}

#[tokio::test]
async fn the_server_learns_who_connects() {
    let server = server(Server::Tls);
    let mut settings = settings(&server.app()).with_database("template1");
    settings.application_name("migrator");
    let connection = open(&settings).await.expect("the server takes the session");
    let sql = "SELECT current_setting('application_name') || current_database()";
    assert_eq!(ask(&connection, sql).await, "migratortemplate1");
}

#[tokio::test]
async fn a_running_query_can_be_cancelled() {
    let server = server(Server::Tls);
    let ca = server.file("ca.crt");
    for rest in [
        "sslmode=disable".to_owned(),
        format!("sslmode=verify-full sslrootcert={ca}"),
    ] {
        let connection = opened(&format!("{} {rest}", server.app())).await;
        let query = connection.client.simple_query("SELECT pg_sleep(60)");
        // A request that comes before the query is lost, hence the repetition.
        let cancel = async {
            loop {
                connection
                    .cancel
                    .cancel()
                    .await
                    .expect("the server can be asked");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let error = first(query, cancel)
            .await
            .expect_err("the query was cancelled");
        assert_eq!(
            error.code().map(tokio_postgres::error::SqlState::code),
            Some("57014"),
            "{rest}"
        );
        assert_eq!(connection.lost(), None);
    }
}

async fn first<T>(wanted: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    tokio::select! {
        answer = wanted => answer,
        () = other => panic!("it ended first"),
    }
}

#[tokio::test]
async fn a_lost_connection_says_why() {
    let server = server(Server::Plain);
    let (lost, other) = (opened(&server.app()).await, opened(&server.app()).await);
    let pid = ask(&lost, "SELECT pg_backend_pid()::text").await;
    ask(&other, &format!("SELECT pg_terminate_backend({pid})::text")).await;
    // Nothing is sent meanwhile: a reset would sweep away the server's last words.
    let closed = async {
        while !lost.client.is_closed() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(in_time.is_ok(), "the connection was not closed");
    assert!(lost.client.simple_query("SELECT 1").await.is_err());
    let why = lost.lost().expect("it was lost");
    assert!(why.contains("terminating connection"), "{why}");
    assert_eq!(other.lost(), None);
    other.close().await;
}

#[tokio::test]
async fn notices_arrive_before_the_answer() {
    let connection = opened(&server(Server::Plain).app()).await;
    let sql = "DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two' USING HINT = 'three'; END $$";
    connection.client.batch_execute(sql).await.expect(sql);
    let notices = connection.notices.take();
    let shown: Vec<_> = notices
        .iter()
        .map(|notice| {
            (
                notice.severity.as_str(),
                notice.message.as_str(),
                notice.hint.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("NOTICE", "one", None), ("WARNING", "two", Some("three"))]
    );
    connection
        .client
        .batch_execute("SELECT 1")
        .await
        .expect("the session goes on");
    assert!(connection.notices.take().is_empty());
}

#[tokio::test]
async fn a_closed_session_is_gone_from_the_server() {
    let server = server(Server::Plain);
    let (closed, other) = (opened(&server.app()).await, opened(&server.app()).await);
    let pid = ask(&closed, "SELECT pg_backend_pid()::text").await;
    closed.close().await;
    let sql = format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}");
    let gone = async {
        while ask(&other, &sql).await != "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .expect("the session ends");
}

/// Servers for these tests, and their certificates.
mod support {
    use std::{
        env, fs,
        net::TcpListener,
        os::unix::{
            fs::{MetadataExt, PermissionsExt, chown},
            net::UnixStream,
            process::CommandExt,
        },
        path::{Path, PathBuf},
        process::{Child, Command, Stdio},
        sync::OnceLock,
        thread,
        time::{Duration, Instant},
    };

    /// The password of every role.
    pub(crate) const PASSWORD: &str = "s3cr3t-p4ss";

    const HBA: &str = "local all all trust
hostssl all certuser 127.0.0.1/32 cert
hostnossl all tlsonly 127.0.0.1/32 reject
hostssl all plainonly 127.0.0.1/32 reject
host all nobody 127.0.0.1/32 reject
host all clear 127.0.0.1/32 password
host all all 127.0.0.1/32 scram-sha-256
";

    /// Before version 14 the default was md5, which `scram-sha-256` in `HBA` refuses.
    const ROLES: &str = "SET password_encryption = 'scram-sha-256';
CREATE ROLE app LOGIN SUPERUSER PASSWORD 's3cr3t-p4ss';
CREATE ROLE tlsonly LOGIN PASSWORD 's3cr3t-p4ss';
CREATE ROLE plainonly LOGIN PASSWORD 's3cr3t-p4ss';
CREATE ROLE limited LOGIN CONNECTION LIMIT 0 PASSWORD 's3cr3t-p4ss';
CREATE ROLE certuser LOGIN;
CREATE ROLE clear LOGIN PASSWORD 's3cr3t-p4ss';
";

    /// Which server.
    #[derive(Clone, Copy)]
    pub(crate) enum Server {
        /// With a certificate signed by an authority of its own.
        Tls,
        /// Without TLS.
        Plain,
        /// With a certificate of X.509 version 1.
        OldCertificate,
        /// With a certificate signed by itself.
        SelfSigned,
        /// With a certificate signed by itself that has expired.
        Expired,
    }

    /// A server that runs.
    pub(crate) struct Running {
        pub(crate) port: u16,
        folder: PathBuf,
        _postgres: Child,
    }

    impl Running {
        /// A role at a host, as a keyword string; `host` may go on with more.
        pub(crate) fn at(&self, host: &str, user: &str) -> String {
            let port = self.port;
            format!("dbname=postgres port={port} user={user} password={PASSWORD} host={host}")
        }

        pub(crate) fn user(&self, name: &str) -> String {
            self.at("127.0.0.1", name)
        }

        pub(crate) fn app(&self) -> String {
            self.user("app")
        }

        pub(crate) fn file(&self, name: &str) -> String {
            let path = if name.is_empty() {
                self.folder.clone()
            } else {
                self.folder.join(name)
            };
            path.display().to_string()
        }
    }

    /// Starts the server at first use; it ends with the process.
    pub(crate) fn server(which: Server) -> &'static Running {
        static RUNNING: [OnceLock<Running>; 5] = [const { OnceLock::new() }; 5];
        let certificate = match which {
            Server::Tls => Some("server"),
            Server::Plain => None,
            Server::OldCertificate => Some("old"),
            Server::SelfSigned => Some("self"),
            Server::Expired => Some("expired"),
        };
        RUNNING[which as usize].get_or_init(|| start(certificate))
    }

    fn start(certificate: Option<&str>) -> Running {
        let folder = tempfile::tempdir().expect("a folder can be made").keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
        certificates(&folder);
        give_away(&folder);
        let data = folder.join("data");
        let flags = [
            "--no-sync",
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "-D",
        ];
        run(as_server("initdb").args(flags).arg(&data));
        fs::write(data.join("pg_hba.conf"), HBA).expect("a file can be written");
        create_roles(&data);
        let port = free_port();
        let mut postgres = as_server("postgres");
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-p", &port.to_string()]);
        postgres.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        if let Some(name) = certificate {
            for (setting, file) in [
                ("ssl_cert_file", format!("{name}.crt")),
                ("ssl_key_file", format!("{name}.key")),
                ("ssl_ca_file", "ca.crt".to_owned()),
            ] {
                let path = folder.join(file);
                postgres
                    .arg("-c")
                    .arg(format!("{setting}={}", path.display()));
            }
            postgres.args(["-c", "ssl=on"]);
        }
        let log = fs::File::create(folder.join("log")).expect("a file can be written");
        let child = postgres
            .stderr(log)
            .spawn()
            .expect("postgres can be started");
        stop_with_this_process(child.id(), &folder);
        wait_until_ready(&folder, port);
        Running {
            port,
            folder,
            _postgres: child,
        }
    }

    fn create_roles(data: &Path) {
        let mut single = as_server("postgres");
        single
            .args(["--single", "-j", "-D"])
            .arg(data)
            .arg("postgres");
        let input = data.with_file_name("roles.sql");
        // In single-user mode with `-j` a command ends at an empty line.
        fs::write(&input, ROLES.replace(";\n", ";\n\n")).expect("a file can be written");
        run(single.stdin(fs::File::open(&input).expect("the file is there")));
    }

    /// A shell that waits for the end of this process, however it ends.
    fn stop_with_this_process(pid: u32, folder: &Path) {
        let script = "cat >/dev/null; kill -INT \"$1\"; i=0
            while kill -0 \"$1\" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
            kill -QUIT \"$1\" 2>/dev/null; rm -rf \"$2\"";
        let watch = Command::new("sh")
            .args(["-c", script, "stop", &pid.to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        // Its input closes when this process ends.
        std::mem::forget(watch);
    }

    fn wait_until_ready(folder: &Path, port: u16) {
        let limit = Instant::now() + Duration::from_mins(1);
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        // The socket appears before the database is ready, `postmaster.pid` says when it is.
        let ready = || {
            let status = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
            status.contains("ready") && UnixStream::connect(&socket).is_ok()
        };
        while !ready() {
            let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(
                Instant::now() < limit,
                "the server does not start: {}",
                log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A port that nobody listens on at the moment.
    pub(crate) fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
        listener.local_addr().expect("it has an address").port()
    }

    fn certificates(folder: &Path) {
        let names = "subjectAltName=DNS:db.test,DNS:localhost,IP:127.0.0.1";
        let authority = "basicConstraints=critical,CA:TRUE";
        for (name, extension) in [("ca", authority), ("other-ca", authority), ("self", names)] {
            let subject = format!("/CN={name}");
            let mut request = openssl(folder, &["req", "-x509", "-new", "-days", "2", "-nodes"]);
            request.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
            request.args(["-subj", &subject, "-addext", extension]);
            run(request.args([
                "-keyout",
                &format!("{name}.key"),
                "-out",
                &format!("{name}.crt"),
            ]));
        }
        dated(folder, "self", "expired", [b"20", b"21"]);
        dated(folder, "ca", "expired-ca", [b"20", b"21"]);
        fs::copy(folder.join("self.key"), folder.join("expired.key")).expect("it can be copied");
        signed(folder, "server", "/CN=db.test", Some(names));
        signed(
            folder,
            "client",
            "/CN=certuser",
            Some("extendedKeyUsage=clientAuth"),
        );
        signed(folder, "old", "/CN=db.test", None);
        fs::copy(folder.join("client.key"), folder.join("open.key")).expect("a file can be copied");
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.join("open.key"), open).expect("a mode can be set");
    }

    /// A copy of a certificate that is valid from one year to another. Its signature does
    /// not fit any more, which nobody checks of a root certificate.
    fn dated(folder: &Path, name: &str, copy: &str, years: [&[u8; 2]; 2]) {
        let (from, to) = (format!("{name}.crt"), format!("{copy}.crt"));
        run(&mut openssl(
            folder,
            &["x509", "-in", &from, "-outform", "DER", "-out", "der"],
        ));
        let mut der = fs::read(folder.join("der")).expect("it was written");
        let times = der.windows(2).enumerate();
        let times: Vec<usize> = times
            .filter(|(_, head)| *head == [0x17, 13])
            .map(|(at, _)| at)
            .collect();
        for (at, year) in times.iter().zip(years) {
            der[at + 2..at + 4].copy_from_slice(year);
        }
        fs::write(folder.join("der"), der).expect("a file can be written");
        run(&mut openssl(
            folder,
            &["x509", "-inform", "DER", "-in", "der", "-out", &to],
        ));
    }

    /// Without an extension it is of X.509 version 1, by openssl before 3.2 at least.
    fn signed(folder: &Path, name: &str, subject: &str, extension: Option<&str>) {
        let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
        let mut ask = openssl(folder, &["req", "-new", "-nodes", "-newkey", "rsa:2048"]);
        run(ask.args(["-subj", subject, "-keyout", &key, "-out", &request]));
        let mut sign = openssl(folder, &["x509", "-req", "-days", "2", "-CAcreateserial"]);
        sign.args(["-CA", "ca.crt", "-CAkey", "ca.key", "-in", &request]);
        if let Some(extension) = extension {
            fs::write(folder.join("extension"), extension).expect("a file can be written");
            sign.args(["-extfile", "extension"]);
        }
        run(sign.args(["-out", &format!("{name}.crt")]));
    }

    /// Whether openssl was old enough to make such a certificate.
    pub(crate) fn is_version_1(file: &str) -> bool {
        let mut show = openssl(Path::new("/"), &["x509", "-noout", "-text", "-in", file]);
        let shown = show.output().expect("openssl can be run").stdout;
        String::from_utf8_lossy(&shown).contains("Version: 1 ")
    }

    fn openssl(folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(args).stdin(Stdio::null());
        command
    }

    fn run(command: &mut Command) {
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
    }

    /// A program of Postgres's, run as another user where we are root, which it refuses.
    fn as_server(program: &str) -> Command {
        let mut command = Command::new(programs().join(program));
        command
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some((uid, gid)) = server_user() {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn programs() -> PathBuf {
        let named = env::var_os("MIGRATOR_PG_BIN").map(PathBuf::from);
        let path = env::var_os("PATH").unwrap_or_default();
        let packaged = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten();
        let packaged = packaged.map(|version| version.path().join("bin"));
        named
            .into_iter()
            .chain(packaged)
            .chain(env::split_paths(&path))
            .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
            .expect(
                "these tests need `initdb` and `postgres`: name their folder in MIGRATOR_PG_BIN",
            )
    }

    /// The numbers of the user `postgres`, where we are root.
    fn server_user() -> Option<(u32, u32)> {
        if fs::metadata("/proc/self").ok()?.uid() != 0 {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").expect("there is a list of users");
        let line = users.lines().find(|line| line.starts_with("postgres:"));
        let fields: Vec<&str> = line
            .expect("there is a user `postgres`")
            .split(':')
            .collect();
        let number = |at: usize| fields[at].parse().expect("it is a number");
        Some((number(2), number(3)))
    }

    /// Gives the folder and the server's keys to the server's user.
    fn give_away(folder: &Path) {
        let Some((uid, gid)) = server_user() else {
            return;
        };
        chown(folder, Some(uid), Some(gid)).expect("a folder can be given away");
        for name in ["server.key", "old.key", "self.key", "expired.key"] {
            chown(folder.join(name), Some(uid), Some(gid)).expect("a file can be given away");
        }
    }
}
