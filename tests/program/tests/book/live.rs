//! Pages that show what a command says while it waits for something.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;

use migrator_localpg::{Pooler, Throwaway};
use tokio::net::TcpSocket;

use super::likeness::alike;
use super::reader::COLUMNS;
use super::support::page::{Block, blocks};
use super::support::{block_on, database, execute, session};
use super::{MANIFEST, Reader, migration, page, shop};

/// The blocks of a page in a language.
fn of_page(path: &str, language: &str) -> Vec<Block> {
    let page = blocks(&page(path)).into_iter();
    let blocks: Vec<Block> = page.filter(|block| block.language == language).collect();
    assert!(!blocks.is_empty(), "{path} has no block in {language}");
    blocks
}

/// The socket of the server of a URL.
fn unix_socket(url: &str) -> PathBuf {
    let (server, _) = url.rsplit_once('/').expect("the URL has a database");
    let (_, address) = server.split_once('@').expect("the URL has a role");
    let (folder, port) = address.split_once(':').expect("the URL has a port");
    PathBuf::from(folder.replace("%2F", "/")).join(format!(".s.PGSQL.{port}"))
}

/// Forwards the connections of a listener to a socket.
fn forward(listener: TcpListener, socket: PathBuf) {
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = UnixStream::connect(&socket).expect("the server listens");
            carry(client, server);
        }
    });
}

/// Forwards the data of one connection in both directions.
fn carry(client: TcpStream, server: UnixStream) {
    let mut from_client = client.try_clone().expect("a clone");
    let mut to_server = server.try_clone().expect("a clone");
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
}

#[test]
fn wait_says_why_it_still_waits() {
    let server = Throwaway::start().expect("a server starts");
    // The port is taken, but nothing listens yet.
    let address = "127.0.0.1:0".parse().expect("an address");
    let socket = TcpSocket::new_v4().expect("a socket is made");
    socket.bind(address).expect("a port is free");
    let address = socket.local_addr().expect("it is bound");
    let url = format!("postgresql://postgres@{address}/shop");
    let mut reader = Reader::new().with("DATABASE_URL", &url);
    // With two migrations, a look between them would find one pending.
    reader.write("database/services.toml", MANIFEST);
    let stem = "shop/20260101120000_0a1b2c3d_create_shop_schema";
    migration(&reader, stem, "CREATE SCHEMA shop;", "DROP SCHEMA shop;");
    let shown = of_page("docs/reference/wait.md", "console");

    let mut wait = reader.start(&shown[0]);
    wait.until("no server listens there\n");
    let listener = block_on(async {
        socket
            .listen(64)
            .and_then(tokio::net::TcpListener::into_std)
    });
    let listener = listener.expect("it listens");
    listener.set_nonblocking(false).expect("it may wait");
    let existing = server.url("postgres");
    forward(listener, unix_socket(&existing));
    wait.until("there is no database `shop`\n");
    execute(&existing, "CREATE DATABASE shop");
    wait.until(" migration is pending\n");
    reader.must("migrator up --service=shop");
    wait.ends_as(&shown[0]);
}

#[test]
fn a_run_whose_second_connection_gets_no_answer_names_the_option() {
    if std::env::var_os("MIGRATOR_WITHOUT_PGBOUNCER").is_some() {
        return;
    }
    let server = Throwaway::shared().expect("a server starts");
    let one = "pool_mode = session\ndefault_pool_size = 1";
    let pooler = Pooler::start(server, one).expect("a pooler starts");
    let mut reader = Reader::new().with("DATABASE_URL", &pooler.url(&database()));
    shop(&reader);
    reader.follow_console(&page("docs/reference/one-connection.md"));
}

const UP: &str = "migrator up --service=all --lock-timeout=10min";

const SERVICES: &str = "\
tiers = [\"Base\"]

[services.auth]
tier = \"Base\"
directory = \"auth\"

[services.core]
tier = \"Base\"
directory = \"core\"
";

/// A reader with two services. The second migration of `auth` takes long. That of `core` waits for the
/// session that is returned.
fn busy() -> (Reader, impl Sized) {
    let url = database();
    let reader = Reader::new().with("DATABASE_URL", &url);
    reader.write("database/services.toml", SERVICES);
    let create = |stem: &str, name: &str| {
        let (up, down) = (
            format!("CREATE SCHEMA {name};"),
            format!("DROP SCHEMA {name};"),
        );
        migration(&reader, stem, &up, &down);
    };
    create("auth/20240102120001_a1b2c3d1_create_auth", "auth");
    create("core/20240102120001_b1b2c3d1_create_core", "core");
    let up = "SELECT pg_sleep(600);\nCREATE TABLE auth.sessions ();";
    let stem = "auth/20240102120005_a1b2c3d5_create_sessions";
    migration(&reader, stem, up, "DROP TABLE auth.sessions;");
    let up = "-- migrator: allow M0216 because the table is small\n\
              CREATE INDEX orders_region ON public.orders (region);";
    let stem = "core/20240102120002_b1b2c3d2_add_index";
    migration(&reader, stem, up, "DROP INDEX public.orders_region;");
    execute(&url, "CREATE TABLE public.orders (region text)");
    let other = format!("{url}?application_name=psql");
    let other = session(&other, "LOCK TABLE public.orders IN ROW EXCLUSIVE MODE");
    (reader, other)
}

/// The lines that a terminal shows last. Each is filled to the width of the terminal.
fn last_lines(printed: &str) -> Vec<String> {
    let (_, end) = printed.rsplit_once('\u{1b}').expect("lines are replaced");
    let end = end.trim_start_matches(|c: char| "[0123456789".contains(c));
    let end: Vec<char> = end.chars().skip(1).collect();
    let lines = end.chunks(COLUMNS).map(String::from_iter);
    lines.map(|line| line.trim_end().to_owned()).collect()
}

/// The rows of steps with the lines below them, in the order of their names: two steps may start in
/// either order.
fn sorted(lines: &[String]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for line in lines {
        match (line.starts_with(' '), rows.last_mut()) {
            (true, Some(row)) => *row = format!("{row}\n{line}"),
            _ => rows.push(line.clone()),
        }
    }
    rows.sort();
    rows.iter()
        .flat_map(|row| row.lines())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_terminal_shows_what_runs_now() {
    let (reader, _other) = busy();
    let shown = &of_page("docs/reference/progress.md", "text")[0];
    let mut up = reader.start_on_terminal(UP);
    up.until(" UTC), idle");
    let printed = last_lines(&up.until(" s left"));
    let (shown, printed) = (sorted(&shown.lines), sorted(&printed));
    assert!(alike(&shown, &printed), "{shown:#?}\n{printed:#?}");
    up.answer("\u{3}");
    let (code, printed) = up.end();
    assert_eq!(code, Some(130), "{printed}");
}

#[test]
fn a_step_that_takes_long_has_a_note_where_there_is_no_terminal() {
    let (reader, _other) = busy();
    let shown = &of_page("docs/reference/progress.md", "text")[1];
    let mut up = reader.start_line(&format!("exec {UP}"));
    up.until(": running for 10 s; waiting behind");
    let printed = up.until(" migrations done\n");
    let is_shown = |line: &str| alike(&shown.lines, &[line.to_owned()]);
    assert!(
        printed.lines().any(is_shown),
        "{:#?}\n{printed}",
        shown.lines
    );
    up.interrupt();
    let (code, printed) = up.end();
    assert_eq!(code, Some(130), "{printed}");
}
