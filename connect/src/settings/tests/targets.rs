//! The target as a URL, without the password for messages and with it for other libraries.

use super::{SECRET, env, parse, password, targets};

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
fn with_database_changes_only_the_database() {
    let settings = parse("postgresql://app:pw@db/shop").with_database("a b");
    assert_eq!(settings.display_target(), "postgresql://app@db:5432/a%20b");
    assert_eq!(password(&settings).as_deref(), Some("pw"));
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
fn a_url_for_other_libraries_holds_server_and_role_of_the_environment() {
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
