//! Passwords never appear, however malformed the settings are.

use std::error::Error;

use super::{SECRET, parse, password};
use crate::{error::ConnectError, settings::Settings};

/// Returns everything that a caller could show of an error.
fn everything(error: &ConnectError) -> String {
    let mut shown = vec![format!("{error} {error:?} {error:#?} {}", error.help())];
    let mut cause = error.source();
    while let Some(error) = cause {
        shown.push(format!("{error} {error:?}"));
        cause = error.source();
    }
    shown.concat()
}

#[test]
fn settings_never_show_the_password() {
    for text in [
        format!("postgresql://app:{SECRET}@db/shop"),
        format!("postgresql://app@db/shop?password={SECRET}"),
        format!("host=db user=app password={SECRET}"),
    ] {
        let settings = parse(&text);
        assert_eq!(password(&settings).as_deref(), Some(SECRET));
        assert!(!format!("{settings} {settings:?} {settings:#?}").contains(SECRET));
    }
}

#[test]
fn no_error_on_malformed_settings_shows_the_password() {
    let mut refused = 0;
    for text in malformed() {
        let Err(error) = Settings::parse(&text) else {
            panic!("`{text}` is not malformed");
        };
        refused += 1;
        let shown = everything(&error);
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("p4ss"),
            "{text}: {shown}"
        );
        assert!(error.source().is_none());
    }
    assert!(refused > 100, "{refused}");
}

#[expect(clippy::too_many_lines, reason = "most of it is a table of inputs")]
fn malformed() -> Vec<String> {
    // Each of these passwords breaks a URL, because it is not encoded.
    let passwords = [
        format!("%zz{SECRET}"),
        format!("{SECRET}%"),
        format!("{SECRET}%f"),
        format!("%ff{SECRET}"),
        format!("%00{SECRET}"),
        format!("{SECRET}@"),
        format!("@{SECRET}"),
        format!("a@{SECRET}@b"),
        format!("/{SECRET}"),
        format!("{SECRET}/"),
        format!("5432/{SECRET}"),
        format!("5432/x?{SECRET}"),
        format!("5432/x?{SECRET}=1"),
        format!("5432/x?port={SECRET}"),
        format!("5432/x?user=u&secret={SECRET}&passwort=x"),
        format!("/?{SECRET}&a=b"),
        format!("/[{SECRET}"),
    ];
    let mut texts: Vec<String> = passwords
        .iter()
        .flat_map(|password| {
            [
                "db/shop",
                "[::1]:5432/shop",
                "db:5432/shop?sslmode=require",
                "h1,h2/shop",
            ]
            .map(|rest| format!("postgresql://app:{password}@{rest}"))
        })
        .collect();
    // A password that needs no encoding, before each fault in the rest of the URL.
    let rests = [
        "db:port/shop",
        "db:99999/shop",
        "db:-1/shop",
        "db:0/shop",
        "db:5432:5433/shop",
        "[::1/shop",
        "[::1]x/shop",
        "d%zzb/shop",
        "db/sh%zzop",
        "db/sh%ffop",
        "db/shop?x",
        "db/shop?colour=red",
        "db/shop?sslmode=on",
        "db/shop?hostaddr=db",
        "db/shop?connect_timeout=x",
        "db/shop?keepalives=x",
        "db/shop?options=%zz",
        "db/shop?%zz=1",
        "db/shop?a=b=c",
        "db%20x/shop",
        "h1,h2:1,h3/shop?port=1,2",
    ];
    for rest in rests {
        texts.push(format!("postgresql://app:{SECRET}@{rest}"));
        texts.push(format!("postgres://app:{SECRET}@{rest}"));
    }
    texts.extend([
        SECRET.to_owned(),
        format!("mysql://app:{SECRET}@db/shop"),
        format!("POSTGRESQL://app:{SECRET}@db/shop"),
        format!("postgresql:/app:{SECRET}@db/shop"),
        format!("app:{SECRET}@db/shop"),
        format!("host=db password='{SECRET}"),
        format!("host=db password=a {SECRET}"),
        format!("host=db password=a {SECRET}=b"),
        format!("host=db password='it's {SECRET}'"),
        format!("password=a' {SECRET}' user=b"),
        format!("host=db passwort={SECRET}"),
        format!("host=db port={SECRET}"),
        format!("host=db sslmode={SECRET}"),
        format!("host=db hostaddr={SECRET}"),
        format!("host=db {SECRET}"),
        format!("host=db ={SECRET}"),
        format!("host=app:{SECRET}@db"),
        format!("host=db password={SECRET} keepalives=x"),
        format!("host=db password={SECRET}\0"),
        format!("host=db password={SECRET} port"),
    ]);
    texts
}
