//! Which certificates of a server, and of a client, are accepted.

use migrator_connect::{ConnectError, Refusal, SslMode, TlsFault, open};

use super::support::{
    certificates::is_version_1,
    is_encrypted, refusal, refused,
    server::{Server, server},
    settings, tls_fault,
};

#[tokio::test]
async fn a_certificate_of_an_untrusted_authority_is_refused() {
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
async fn only_verify_full_checks_the_host_name() {
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
async fn a_version_1_certificate_is_accepted_without_verification() {
    let server = server(Server::OldCertificate);
    let text = format!("{} sslmode=require", server.app());
    assert!(is_encrypted(&format!("{text} channel_binding=require")).await);
    if is_version_1(&server.file("old.crt")) {
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
    // Its signature has SHA-384.
    let bound = format!("{} sslmode=require channel_binding=require", server.app());
    assert!(is_encrypted(&bound).await);
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
async fn a_root_certificate_that_is_not_valid_now_is_not_trusted() {
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
