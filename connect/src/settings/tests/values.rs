//! The values of single parameters.

use std::time::Duration;

use super::parse;
use crate::{error::ConnectError, settings::Settings, ssl::SslMode};

#[test]
fn units_and_defaults_are_those_of_libpq() {
    let settings = parse("user=u tcp_user_timeout=2500 connect_timeout=0 keepalives_count=3");
    let base = &settings.resolved().base;
    assert_eq!(
        base.get_tcp_user_timeout(),
        Some(&Duration::from_millis(2500))
    );
    assert_eq!(base.get_keepalives_retries(), Some(3));
    assert_eq!(settings.connect_timeout(), None);
    let settings = parse(r"user=u options='-c search_path=\'a\\b\''");
    assert_eq!(
        settings.resolved().base.get_options(),
        Some(r"-c search_path='a\b'")
    );
    assert_eq!(settings.connect_timeout(), Some(Duration::from_secs(10)));
    assert_eq!(settings.ssl_mode(), SslMode::Prefer);
    assert_eq!(
        parse("user=u sslrootcert=system").ssl_mode(),
        SslMode::VerifyFull
    );
}

#[test]
fn each_sslmode_is_read_by_its_name() {
    for name in [
        "disable",
        "allow",
        "prefer",
        "require",
        "verify-ca",
        "verify-full",
    ] {
        assert_eq!(
            parse(&format!("user=u sslmode={name}"))
                .ssl_mode()
                .to_string(),
            name
        );
    }
}

#[test]
fn an_error_names_the_parameter_with_an_invalid_value() {
    for (text, named) in [
        ("sslmode=on", "sslmode"),
        ("port=x", "port"),
        ("connect_timeout=soon", "connect_timeout"),
        ("tcp_user_timeout=soon", "tcp_user_timeout"),
        ("keepalives_count=x", "keepalives_count"),
        ("target_session_attrs=standby", "target_session_attrs"),
        ("channel_binding=maybe", "channel_binding"),
        ("client_encoding=latin1", "client_encoding"),
        ("sslmode=require sslrootcert=system", "sslrootcert=system"),
        (
            "sslmode=prefer sslnegotiation=direct",
            "sslnegotiation=direct",
        ),
        ("require_auth=scram", "require_auth"),
        ("sslcrl=x", "sslcrl"),
        ("colour=red", "colour"),
        ("service=prod", "service"),
    ] {
        let error = Settings::parse(&format!("user=u {text}")).expect_err("it has no meaning");
        assert!(error.to_string().contains(named), "{text}: {error}");
        assert!(matches!(error, ConnectError::Settings { .. }), "{error:?}");
        assert!(!error.help().is_empty());
    }
}
