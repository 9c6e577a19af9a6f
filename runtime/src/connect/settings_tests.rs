//! What is read, what wins, and what is never shown.

use std::{collections::HashMap, error::Error, time::Duration};

use super::{super::SslMode, ConnectError, Settings};

const SECRET: &str = "s3cr3t-p4ss";

fn parse(text: &str) -> Settings {
    Settings::parse(text).expect("the settings are valid")
}

fn env(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let pairs: HashMap<String, String> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    move |name| pairs.get(name).cloned()
}

fn targets(text: &str) -> String {
    parse(text).display_target()
}

fn password(settings: &Settings) -> Option<String> {
    settings.password(&settings.resolved().endpoints[0])
}

/// An error as any caller could show it.
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
fn the_target_is_a_url_without_the_password() {
    assert_eq!(
        targets("postgresql://app:s3cr3t-p4ss@db.example/shop"),
        "postgresql://app@db.example:5432/shop",
    );
    assert_eq!(
        targets("host=/tmp/x user=app dbname=shop port=5433"),
        "postgresql://app@/shop?host=/tmp/x&port=5433",
    );
    assert_eq!(
        targets("postgres://app@%2Ftmp%2Fx/shop"),
        "postgresql://app@/shop?host=/tmp/x&port=5432",
    );
    assert_eq!(
        targets("postgres://app@[::1]/"),
        "postgresql://app@[::1]:5432/app"
    );
    assert_eq!(
        targets("postgres://a%20b@h1,h2:1/s%2Fp"),
        "postgresql://a%20b@h1:5432,h2:1/s%2Fp",
    );
    assert_eq!(targets("user=app"), "postgresql://app@localhost:5432/app");
}

#[test]
fn a_shown_target_can_be_read_again() {
    for text in [
        "host=/tmp/x user='a b'",
        "host=/a,b port=1,2 user=u@v dbname='x/?'",
        "host=::1 user=u",
    ] {
        let shown = targets(text);
        assert_eq!(targets(&shown), shown);
    }
}

#[test]
fn what_is_given_wins_over_the_environment() {
    let lookup = env(&[
        ("PGHOST", "other"),
        ("PGPORT", "7777"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "from-env"),
        ("PGDATABASE", "elsewhere"),
        ("PGSSLMODE", "disable"),
        ("PGAPPNAME", "tool"),
        ("PGCONNECT_TIMEOUT", "3"),
    ]);
    let given = parse(
        "postgresql://app:pw@db:1/shop?sslmode=require&connect_timeout=5&application_name=mine",
    )
    .with_env(&lookup)
    .expect("the environment is valid");
    assert_eq!(given.display_target(), "postgresql://app@db:1/shop");
    assert_eq!(password(&given).as_deref(), Some("pw"));
    assert_eq!(given.ssl_mode(), SslMode::Require);
    assert_eq!(given.connect_timeout(), Some(Duration::from_secs(5)));
    assert_eq!(given.resolved().application_name.as_deref(), Some("mine"));

    let filled = parse("host=db")
        .with_env(&lookup)
        .expect("the environment is valid");
    assert_eq!(
        filled.display_target(),
        "postgresql://nobody@db:7777/elsewhere"
    );
    assert_eq!(password(&filled).as_deref(), Some("from-env"));
    assert_eq!(filled.ssl_mode(), SslMode::Disable);
    assert_eq!(filled.connect_timeout(), Some(Duration::from_secs(3)));
    assert_eq!(filled.resolved().application_name.as_deref(), Some("tool"));
}

#[test]
fn the_environment_alone_is_enough_if_it_says_where() {
    let from = |pairs: &[(&str, &str)]| {
        Settings::from_env(env(pairs)).map(|found| found.map(|settings| settings.display_target()))
    };
    assert!(matches!(from(&[("PGUSER", "u"), ("PGHOST", "")]), Ok(None)));
    for (name, value, target) in [
        (
            "PGHOST",
            "/run/x",
            "postgresql://u@/u?host=/run/x&port=5432",
        ),
        ("PGHOSTADDR", "127.0.0.1", "postgresql://u@127.0.0.1:5432/u"),
        ("PGPORT", "1", "postgresql://u@localhost:1/u"),
        ("PGDATABASE", "d", "postgresql://u@localhost:5432/d"),
    ] {
        let found = from(&[("PGUSER", "u"), (name, value)]).expect("the environment is valid");
        assert_eq!(found.as_deref(), Some(target));
    }
    let error = from(&[("PGSERVICE", "prod")]).expect_err("services are not supported");
    assert!(error.to_string().contains("PGSERVICE"), "{error}");
}

#[test]
fn the_application_is_named_unless_the_user_named_it() {
    let named = |text: &str, pairs: &[(&str, &str)]| {
        let mut settings = parse(text);
        settings.application_name("migrator");
        let settings = settings
            .with_env(env(pairs))
            .expect("the environment is valid");
        settings.resolved().application_name.clone()
    };
    assert_eq!(named("user=u", &[]).as_deref(), Some("migrator"));
    assert_eq!(
        named("user=u application_name=mine", &[]).as_deref(),
        Some("mine")
    );
    assert_eq!(
        named("user=u", &[("PGAPPNAME", "env")]).as_deref(),
        Some("env")
    );
}

#[test]
fn another_database_is_the_same_server() {
    let settings = parse("postgresql://app:pw@db/shop").with_database("a b");
    assert_eq!(settings.display_target(), "postgresql://app@db:5432/a%20b");
    assert_eq!(password(&settings).as_deref(), Some("pw"));
}

#[test]
fn libpqs_units_and_defaults_hold() {
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
fn every_sslmode_is_known_by_its_name() {
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
fn values_without_a_meaning_are_refused_by_name() {
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
        assert_eq!(error.code(), "M0901");
        assert!(!error.help().is_empty());
    }
}

#[cfg(unix)]
#[test]
fn the_password_file_is_asked_only_without_a_password() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let home = tempfile::tempdir().expect("a folder can be made");
    let file = home.path().join(".pgpass");
    fs::write(&file, "db:5432:shop:app:from-file\n*:*:other:*:another\n")
        .expect("a file can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    let home = home.path().to_str().expect("the path is UTF-8");
    let with = |text: &str, pairs: &[(&str, &str)]| {
        let settings = parse(text)
            .with_env(env(pairs))
            .expect("the environment is valid");
        (password(&settings), settings)
    };
    let text = "host=db user=app dbname=shop";
    let (found, settings) = with(text, &[("HOME", home)]);
    assert_eq!(found.as_deref(), Some("from-file"));
    assert_eq!(
        password(&settings.with_database("other")).as_deref(),
        Some("another")
    );
    assert_eq!(
        with(text, &[("HOME", home), ("PGPASSWORD", "x")])
            .0
            .as_deref(),
        Some("x")
    );
    assert_eq!(with("user=app dbname=shop", &[("HOME", home)]).0, None);
    let named = file.to_str().expect("the path is UTF-8");
    assert_eq!(
        with(text, &[("PGPASSFILE", named)]).0.as_deref(),
        Some("from-file")
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("the mode can be set");
    let (found, settings) = with(text, &[("HOME", home)]);
    assert_eq!((found, settings.warnings().len()), (None, 1));
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

fn malformed() -> Vec<String> {
    // Passwords that would have to be encoded, where an URL goes wrong with each.
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
    // A good password before every fault of the rest.
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

#[test]
fn a_url_for_other_libraries_means_the_same() {
    let texts = [
        "postgresql://app@db/shop",
        "postgresql://a%40b:p%2Fw%3A@db:5433/sh%20op?sslmode=require&connect_timeout=3",
        "postgres://app@[::1]:1,db:2/shop?target_session_attrs=read-write",
        "host=/tmp/a,/tmp/b port=1,2 user=app dbname=shop options='-c geqo=off'",
        "host=db hostaddr=127.0.0.1 user=app password='a b' dbname=shop",
    ];
    for text in texts {
        let settings = parse(text);
        let again = parse(&settings.to_url());
        assert_eq!(again.display_target(), settings.display_target(), "{text}");
        assert_eq!(again.resolved().endpoints, settings.resolved().endpoints);
        assert_eq!(again.ssl_mode(), settings.ssl_mode(), "{text}");
        assert_eq!(
            again.connect_timeout(),
            settings.connect_timeout(),
            "{text}"
        );
        assert_eq!(again.resolved().base, settings.resolved().base, "{text}");
        assert_eq!(password(&again), password(&settings), "{text}");
    }
    let sockets = parse("host=/tmp/a user=app dbname=shop");
    assert_eq!(sockets.to_url(), "postgresql://app@%2Ftmp%2Fa:5432/shop");
    let address = parse("hostaddr=127.0.0.1 user=app dbname=shop");
    assert_eq!(address.to_url(), "postgresql://app@127.0.0.1:5432/shop");
}

#[test]
fn a_url_for_other_libraries_holds_what_the_environment_says_of_whom_and_where() {
    let variables = env(&[
        ("PGHOST", "db"),
        ("PGUSER", "app"),
        ("PGPASSWORD", SECRET),
        ("PGSSLMODE", "require"),
    ]);
    let settings = parse("postgresql:///shop").with_env(variables).unwrap();
    let expected = format!("postgresql://app:{SECRET}@db:5432/shop");
    assert_eq!(settings.to_url(), expected);
}

#[test]
fn the_environments_password_goes_to_the_trusted_host_alone() {
    let lookup = |name: &str| match name {
        "PGPASSWORD" => Some(SECRET.to_owned()),
        "PGUSER" => Some("app".to_owned()),
        _ => None,
    };
    let main = parse("postgresql://app@db.example/main");
    let password = |row: &str| {
        let settings = Settings::parse(row).expect(row);
        let settings = settings.with_env_of(&main, lookup).expect(row);
        let endpoint = settings.resolved().endpoints[0].clone();
        settings.password(&endpoint)
    };
    for row in [
        "postgresql://app@db.example/tenant",
        "host=DB.example dbname=tenant",
        "postgresql://other@db.example:5433/tenant",
    ] {
        assert_eq!(password(row).as_deref(), Some(SECRET), "{row}");
    }
    for row in [
        "postgresql://app@evil.example/tenant",
        "postgresql://app@db.example.evil.example/tenant",
        "postgresql://db.example@evil.example/tenant",
        "postgresql://app@db.example,evil.example/tenant",
        "host=db.example hostaddr=192.0.2.1",
        "postgresql://app@db.example/tenant?host=evil.example",
        "postgresql://app@%2Ftmp%2Fevil/tenant",
        "hostaddr=192.0.2.1",
        "dbname=tenant",
    ] {
        assert_eq!(password(row), None, "{row}");
    }
    assert_eq!(
        password("postgresql://app:own@evil.example/tenant").as_deref(),
        Some("own")
    );
}
