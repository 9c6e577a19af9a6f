//! Which ways to authenticate are accepted, and how a refusal is reported.

use std::error::Error;

use migrator_connect::{ConnectError, Refusal};

use super::support::{
    PASSWORD, is_encrypted, opened, refusal, refused,
    server::{Server, server},
    user,
};

#[tokio::test]
async fn a_clear_password_needs_tls_or_permission() {
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
async fn require_auth_limits_how_a_server_authenticates() {
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
async fn each_refusal_has_its_own_reason() {
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
    for name in ["ghost", "locked"] {
        let no_role = Refusal::NoRole { user: user(name) };
        assert_eq!(refusal(&server.user(name)).await, no_role);
    }
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
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
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
