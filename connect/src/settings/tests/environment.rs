//! What the environment and the password file add.

use std::time::Duration;

use super::{SECRET, env, parse, password};
use crate::{settings::Settings, ssl::SslMode};

#[test]
fn a_given_parameter_overrides_the_environment() {
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
fn the_environment_alone_suffices_if_it_names_a_server() {
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
fn the_application_name_of_the_user_stays() {
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

#[cfg(unix)]
#[test]
fn the_password_file_is_read_only_without_a_password() {
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
fn the_password_of_the_environment_goes_only_to_the_trusted_host() {
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
