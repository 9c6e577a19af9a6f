//! What each `sslmode` does against a server with TLS and a server without.

use migrator_connect::{Refusal, TlsFault};

use super::support::{
    is_encrypted, refusal,
    server::{Server, server},
    tls_fault, user,
};

#[tokio::test]
async fn each_sslmode_encrypts_as_in_libpq_if_the_server_has_tls() {
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
async fn each_sslmode_behaves_as_in_libpq_if_the_server_has_no_tls() {
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
async fn allow_and_prefer_try_the_other_mode_after_a_refusal() {
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
async fn a_unix_socket_is_never_encrypted() {
    let server = server(Server::Tls);
    let folder = server.file("");
    let port = server.port;
    let text = format!("postgresql://app@/postgres?host={folder}&port={port}&sslmode=verify-full");
    assert!(!is_encrypted(&text).await);
    let encoded = folder.replace('/', "%2F");
    assert!(!is_encrypted(&format!("postgresql://app@{encoded}:{port}/postgres")).await);
}
