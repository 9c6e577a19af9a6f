//! No output of any command contains a password, however the user passed it and whatever fails.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use migrator_localpg::{Programs, Throwaway};
use migrator_runtime::{Settings, connect};
use proptest::prelude::*;
use support::{block_on, connect as session, migrator, output};
use tempfile::{TempDir, tempdir};

/// Every command that opens a connection, as it is typed.
const COMMANDS: [&[&str]; 14] = [
    &["status"],
    &["status", "--migrations", "--check", "--output=json"],
    &["up", "--service=core", "--steps=1"],
    &["up", "--service=all", "--dry-run", "--output=json"],
    &[
        "up",
        "--service=core",
        "--steps=1",
        "--quiet",
        "--color=always",
    ],
    &["down", "--service=core", "--yes"],
    &["down", "--service=core", "--output=json"],
    &["redo", "--service=core"],
    &[
        "repair",
        "--service=core",
        "--version=20240101000000",
        "--applied",
    ],
    &["drift", "--output=json"],
    &["schema"],
    &["check", "--server"],
    &["up", "--service=core", "--steps=1", "--verbose"],
    &["history", "--verbose"],
];

/// The parts of a password: recognisable words, between characters with a meaning in a URL, a
/// keyword string, a shell or a regular expression.
fn password() -> impl Strategy<Value = String> {
    let word = "[a-z]{3}Q[0-9]{3}[a-z]";
    let mark = "[@:/?#%&=+ \\\\'\"$.,;!*(){}<>|~^`é\\[\\]-]{1,2}";
    (word, mark, word, proptest::option::of(mark))
        .prop_map(|(first, mark, second, last)| first + &mark + &second + &last.unwrap_or_default())
}

/// The words of a password. An output that contains one of them contains a part of the password.
fn words(password: &str) -> impl Iterator<Item = &str> {
    let parts = password.split(|c: char| !c.is_ascii_alphanumeric());
    parts.filter(|word| word.len() > 3)
}

fn assert_secret(password: &str, what: &str, text: &str) {
    for word in words(password) {
        let shown = text.lines().find(|line| line.contains(word));
        assert_eq!(
            shown, None,
            "{what} shows `{word}` of the password `{password}`"
        );
    }
}

fn percent(text: &str) -> String {
    let digit = |four: u8| char::from_digit(four.into(), 16).expect("it is below 16");
    let byte = |byte: u8| ['%', digit(byte >> 4), digit(byte & 15)];
    text.bytes().flat_map(byte).collect()
}

/// The text as a value of a keyword string.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Valid and invalid connection settings.
fn urls(password: &str, place: &str) -> Vec<String> {
    let encoded = percent(password);
    let conninfo = quoted(password);
    [
        format!("postgresql://app:{encoded}@{place}/shop"),
        format!("postgresql://app:{password}@{place}/shop"),
        format!("postgresql://app:{encoded}@{place}:port/shop"),
        format!("postgresql://app:{encoded}@[{place}/shop"),
        format!("postgresql://app:{encoded}%@{place}/shop"),
        format!("postgresql://app:{encoded}@{place}/shop?no_such=1"),
        format!("postgresql://{place}/shop?user=app&password={encoded}&sslmode=sometimes"),
        format!("postgresql://{place}/shop?password={password}"),
        format!("postgresql://{place}/shop?user=app&passwort={encoded}"),
        format!("mysql://app:{password}@{place}/shop"),
        format!("app:{password}@{place}/shop"),
        format!("host=127.0.0.1 port=1 user=app password={conninfo}"),
        format!("host=127.0.0.1 port=1 user=app password={password}"),
        format!("host=127.0.0.1 port=x user=app password={conninfo}"),
        format!("host=127.0.0.1 passwd={conninfo}"),
        format!("host=127.0.0.1 password={password}' user='"),
    ]
    .into()
}

/// Ways to pass a password for an unreachable server.
fn given(folder: &Path, password: &str, way: usize, command: &[&str]) -> Command {
    let urls = urls(password, "127.0.0.1:1");
    let mut command = migrator(command);
    command.current_dir(folder);
    let url = &urls[way / 3 % urls.len()];
    match (way % 3, way / 3 / urls.len()) {
        (0, 0) => drop(command.env("DATABASE_URL", url)),
        (1, 0) => drop(command.arg(format!("--database-url={url}"))),
        (_, 0) => {
            let line = url
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('$', "\\$");
            write(&folder.join(".env"), &format!("DATABASE_URL=\"{line}\"\n"));
        }
        (0, _) => {
            command.env("DATABASE_URL", "postgresql://app@127.0.0.1:1/shop");
            command.env("PGPASSWORD", password);
        }
        (1, _) => {
            command.env("PGHOST", "127.0.0.1").env("PGPORT", "1");
            command.env("PGUSER", "app").env("PGPASSWORD", password);
        }
        (_, _) => {
            let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
            let file = folder.join("pgpass");
            write(&file, &format!("127.0.0.1:1:*:app:{escaped}\n{password}\n"));
            // Half of these files are ignored with a warning.
            let mode = if password.len().is_multiple_of(2) {
                0o600
            } else {
                0o644
            };
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(&file, mode).expect("it is ours");
            command.env("PGPASSFILE", &file);
            command.env("DATABASE_URL", "postgresql://app@127.0.0.1:1/shop");
        }
    }
    command
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file can be written");
}

fn folder() -> TempDir {
    tempdir().expect("a folder is made")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_a_server_no_output_contains_a_password(
        password in password(), way in 0..51_usize, command in 0..COMMANDS.len(),
    ) {
        let folder = folder();
        let mut command = given(folder.path(), &password, way, COMMANDS[command]);
        let text = output(&mut command);
        prop_assert!(!text.starts_with("exit: 0\n"), "{}", text);
        prop_assert!(!text.contains("panicked"), "{}", text);
        assert_secret(&password, "the output", &text);
    }

    #[test]
    fn a_url_in_the_wrong_place_is_not_repeated(password in password(), place in 0..6_usize) {
        let url = format!("postgresql://app:{}@db/shop", percent(&password));
        let plain = format!("postgresql://app:{password}@db/shop");
        let keywords = format!("host=db user=app password={}", quoted(&password));
        let typed = [&url, &plain, &keywords][place % 3].clone();
        let arguments = match place / 3 {
            0 => vec![typed],
            _ => vec!["up".to_owned(), typed],
        };
        for format in ["--output=text", "--output=json"] {
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            arguments.push(format);
            let text = output(&mut migrator(&arguments));
            prop_assert!(text.starts_with("exit: 2\n"), "{}", text);
            assert_secret(&password, "the usage error", &text);
            let encoded = percent(&password);
            prop_assert!(!text.contains(&encoded), "{}", text);
        }
    }

    #[test]
    fn no_debug_text_contains_a_password(password in password(), way in 0..16_usize) {
        let url = &urls(&password, "127.0.0.1:1")[way];
        let text = match Settings::parse(url) {
            Err(error) => format!("{error} {error:?} {error:#?}"),
            Ok(settings) => {
                let shown = format!("{settings:?} {settings:#?} {}", settings.display_target());
                let error = block_on(connect(settings)).expect_err("nobody listens");
                let error = migrator_runtime::Error::from(error);
                format!("{shown} {error} {error:?} {error:#?} {}", error.help())
            }
        };
        assert_secret(&password, "the debug form", &text);
    }
}

/// A server that asks for passwords and logs every statement.
struct Guarded {
    server: Throwaway,
    _rules: TempDir,
}

impl Guarded {
    fn shared() -> &'static Guarded {
        static SERVER: OnceLock<Guarded> = OnceLock::new();
        SERVER.get_or_init(Guarded::start)
    }

    fn start() -> Guarded {
        let rules = folder();
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(rules.path(), mode).expect("it is ours");
        let file = rules.path().join("hba.conf");
        write(
            &file,
            "local all postgres trust\nlocal all all scram-sha-256\n",
        );
        let file = file.display().to_string();
        let settings = [
            ("hba_file", file.as_str()),
            ("password_encryption", "scram-sha-256"),
            ("log_statement", "all"),
            ("log_connections", "on"),
            ("log_min_messages", "debug1"),
        ];
        let programs = Programs::find(None).expect("Postgres is installed");
        let server = Throwaway::start_with_settings(programs, &settings);
        let server = server.expect("a server");
        Guarded {
            server,
            _rules: rules,
        }
    }

    /// A database, and the role that has the password.
    fn database(&self, password: &str) -> (String, String) {
        let url = block_on(self.server.create_database()).expect("a database");
        let (_, name) = url.rsplit_once('/').expect("a name");
        let role = format!("app_of_{name}");
        let quoted = password.replace('\\', "\\\\").replace('\'', "''");
        block_on(async {
            let admin = session(&url).await;
            let quiet = "SET log_statement = none; SET log_min_messages = warning";
            admin.batch_execute(quiet).await.expect("it is set");
            let role = format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD E'{quoted}'");
            admin.batch_execute(&role).await.expect("a role");
        });
        (url, role)
    }

    fn log(&self) -> String {
        let log = fs::read(self.server.folder().join("log")).expect("there is a log");
        String::from_utf8_lossy(&log).into_owned()
    }
}

/// Everything that the history and the server's log contain.
fn kept(url: &str) -> String {
    block_on(async {
        let session = session(url).await;
        let tables = "SELECT to_regclass('migrator.event') IS NOT NULL";
        let row = session.query_one(tables, &[]).await.expect("an answer");
        if !row.get::<_, bool>(0) {
            return String::new();
        }
        let all = "SELECT string_agg(t, ' ') FROM (\
                   SELECT e::text AS t FROM migrator.event e UNION ALL \
                   SELECT h::text FROM migrator.history h UNION ALL \
                   SELECT a::text FROM pg_stat_activity a WHERE usename LIKE 'app%') t";
        let row = session.query_one(all, &[]).await.expect("an answer");
        row.get::<_, Option<String>>(0).unwrap_or_default()
    })
}

fn as_role(url: &str, role: &str, password: &str) -> String {
    url.replace("//postgres@", &format!("//{role}:{}@", percent(password)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_a_server_no_output_log_or_history_contains_a_password(
        password in password(), other in password(),
    ) {
        let guarded = Guarded::shared();
        let (url, role) = guarded.database(&password);
        let folder = folder();
        let right = as_role(&url, &role, &password);
        let wrong = as_role(&url, &role, &other);
        for command in [COMMANDS[2], COMMANDS[1], COMMANDS[7], COMMANDS[8], COMMANDS[13], COMMANDS[5]] {
            let text = output(migrator(command).env("DATABASE_URL", &right).current_dir(folder.path()));
            prop_assert!(!text.starts_with("exit: 5\n"), "{}", text);
            assert_secret(&password, "the output", &text);
            let refused = output(migrator(command).env("DATABASE_URL", &wrong).current_dir(folder.path()));
            prop_assert!(refused.starts_with("exit: 5\n"), "{}", refused);
            assert_secret(&other, "the refusal", &refused);
        }
        support::execute(&url, "CREATE SCHEMA core");
        let text = output(migrator(COMMANDS[2]).env("DATABASE_URL", &right).current_dir(folder.path()));
        prop_assert!(text.contains("M0501"), "{}", text);
        assert_secret(&password, "the failed script", &text);
        for (what, text) in [("the server's log", guarded.log()), ("the history", kept(&url))] {
            prop_assert!(!text.is_empty());
            assert_secret(&password, what, &text);
            assert_secret(&other, what, &text);
        }
        let client = block_on(async {
            let client = connect(Settings::parse(&right).expect("it is valid")).await;
            format!("{:?}", client.expect("the password is right"))
        });
        assert_secret(&password, "the client", &client);
    }
}

const NASTY: &str = "pq@fQ123x:/?#%&=+ \\'\"$zzQ777y";

#[test]
fn pg_dump_gets_the_password_only_by_its_environment() {
    let guarded = Guarded::shared();
    let (url, role) = guarded.database(NASTY);
    let folder = folder();
    let major = guarded.server.programs().major;
    let Some(real) = Programs::find_tool(None, "pg_dump", major) else {
        // The downloaded programs have no `pg_dump`. Then this program replaces it.
        return stand_in(folder.path(), &url, &role, None);
    };
    stand_in(folder.path(), &url, &role, Some(real));
}

/// Puts a program on the path before `pg_dump`. It records how it was called.
fn stand_in(folder: &Path, url: &str, role: &str, real: Option<PathBuf>) {
    let real = real.map_or("true".to_owned(), |path| path.display().to_string());
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = --version ]; then echo 'pg_dump (PostgreSQL) 99.0'; exit; fi\n\
         tr '\\0' '\\n' </proc/$$/cmdline >'{folder}/arguments'\n\
         printf '%s' \"$PGPASSWORD\" >'{folder}/password'\n\
         exec '{real}' \"$@\"\n",
        folder = folder.display()
    );
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder is made");
    let program = bin.join("pg_dump");
    write(&program, &script);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&program, mode).expect("it is ours");
    let mut schema = migrator(&["schema"]);
    schema
        .env("DATABASE_URL", as_role(url, role, NASTY))
        .env("MIGRATOR_PG_BIN", &bin)
        .current_dir(folder);
    let text = output(&mut schema);
    assert!(text.starts_with("exit: 0\n"), "{text}");
    assert_secret(NASTY, "the output", &text);
    let noted = |name: &str| fs::read_to_string(folder.join(name)).expect("it ran");
    assert_eq!(noted("password"), NASTY);
    assert!(noted("arguments").contains("--schema-only"));
    assert_secret(NASTY, "the list of processes", &noted("arguments"));
}

#[test]
fn drift_and_verify_print_no_password() {
    let guarded = Guarded::shared();
    let (url, role) = guarded.database(NASTY);
    let folder = folder();
    let right = as_role(&url, &role, NASTY);
    for command in [COMMANDS[2], COMMANDS[9], &["drift"]] {
        let text = output(
            migrator(command)
                .env("DATABASE_URL", &right)
                .current_dir(folder.path()),
        );
        assert!(text.starts_with("exit: 0\n"), "{text}");
        assert_secret(NASTY, "the output", &text);
    }
    // `verify` refuses the database, because it is not empty.
    let lent = format!("--database-url={right}");
    for format in ["--output=text", "--output=json"] {
        let text = output(&mut migrator(&["verify", &lent, format]));
        assert!(text.contains("M0512"), "{text}");
        assert_secret(NASTY, "the output", &text);
    }
    assert_secret(NASTY, "the server's log", &guarded.log());
}
