//! Where the list of databases comes from: a file, standard input or a query.

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::process::Stdio;

use super::{NOBODY, applied, databases, fleet, folder, piped, settings};
use crate::support::terminal::{on_terminal, read_until};
use crate::support::{THIRD, database, execute, hold, migrator, on, output, query, session};
use crate::{assert_output, support};

#[test]
fn a_query_names_the_databases() {
    let (main, folder) = (database(), folder());
    let urls = databases(3);
    execute(&main, "CREATE TABLE tenant (url text)");
    for url in &urls {
        execute(&main, &format!("INSERT INTO tenant VALUES ('{url}')"));
    }
    let up = |query: &str| {
        let query = format!("--fleet-query={query}");
        output(&mut on(
            &main,
            folder.path(),
            &["up", "--service=core", &query],
        ))
    };
    let first = up("SELECT url FROM tenant;");
    assert!(first.contains("3 databases in "), "{first}");
    assert!(first.contains(": 3 applied (27 migrations)\n"), "{first}");
    execute(&main, "INSERT INTO tenant VALUES (NULL), (' ')");
    let second = up("SELECT url FROM tenant -- all of them");
    assert!(second.starts_with("exit: 2\n"), "{second}");
    assert!(second.contains(": 3 current, 2 failed\n"), "{second}");
    assert!(
        second.contains("--> row 4 of the query's answer"),
        "{second}"
    );
    insta::with_settings!({ filters => support::filters() }, {
        let wrong = ["SELECT 1, 2, 3", "DELETE FROM tenant", "SELECT url FROM tenants"];
        insta::assert_snapshot!(wrong.map(up).join("\n"));
    });
    assert_eq!(query(&main, "SELECT count(*)::text FROM tenant"), ["5"]);
}

#[test]
fn an_open_query_does_not_block_create_index_concurrently() {
    let (main, folder) = (database(), folder());
    // The query has more rows than one fetch. A migration of the service creates an index concurrently.
    let query = format!("--fleet-query=SELECT '{main}' FROM generate_series(1, 401)");
    let up = [
        "up",
        "--service=core",
        "--statement-timeout=20s",
        "--jobs=2",
        &query,
    ];
    let output = output(&mut on(&main, folder.path(), &up));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert!(output.contains("401 databases in "), "{output}");
    assert!(output.contains(": 1 applied ("), "{output}");
}

#[test]
fn a_malformed_line_of_a_file_is_refused_before_any_database_is_migrated() {
    let folder = folder();
    let first = database();
    let urls = [
        "# tenants".to_owned(),
        first.clone(),
        String::new(),
        "postgresql://app:s3cr3t@[/shop".to_owned(),
        "mysql://app:s3cr3t@db/shop".to_owned(),
        "host=db password='s3cr3t".to_owned(),
    ];
    let output = output(&mut fleet(&folder, &urls, &["--service=core"]));
    assert!(!output.contains("s3cr3t"), "{output}");
    insta::assert_snapshot!(output);
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'migrator'";
    assert!(query(&first, schemas).is_empty());
}

#[test]
fn a_malformed_line_of_standard_input_is_one_failure() {
    let urls = databases(2);
    let list = format!("{}\nmysql://app:s3cr3t@db/shop\n\n{}", urls[0], urls[1]);
    let output = piped(&list, &["--service=core", "--jobs=1"]);
    assert!(!output.contains("s3cr3t"), "{output}");
    insta::with_settings!({ filters => support::filters() }, {
        insta::assert_snapshot!(output);
    });
}

#[test]
fn a_database_is_migrated_before_the_list_has_ended() {
    let url = database();
    let folder = folder();
    let mut child = migrator(&["up", "--service=core", "--fleet=-", "--jobs=4"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    writeln!(stdin, "{url}").expect("the binary reads");
    stdout.read_line(&mut line).expect("it answers");
    assert!(line.starts_with("applied postgresql://"), "{line}");
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn an_incomplete_list_is_an_error_after_the_databases_before_it() {
    let url = database();
    let folder = folder();
    let mut child = migrator(&["up", "--service=core", "--fleet=-"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let list = [url.as_bytes(), b"\npostgresql://app:\xff@db/shop\n"].concat();
    stdin.write_all(&list).expect("the binary reads");
    drop(stdin);
    let output = support::text(&child.wait_with_output().expect("it ends"));
    insta::with_settings!({ filters => support::filters() }, {
        insta::assert_snapshot!(output);
    });
}

#[test]
fn an_empty_list_is_a_warning() {
    let folder = folder();
    assert_output!(&mut fleet(
        &folder,
        &["# nobody yet".to_owned()],
        &["--service=core"]
    ));
    let output = piped("", &["--service=core", "--output=json"]);
    assert!(output.contains("\"databases\": [],"), "{output}");
}

#[test]
fn the_environment_fills_in_what_a_line_leaves_out() {
    let (url, folder) = (database(), folder());
    let settings = settings(&url);
    let keywords = vec![format!("dbname={}", settings.database())];
    let mut command = fleet(&folder, &keywords, &["--service=core", "--steps=1"]);
    command.envs(
        settings
            .variables()
            .filter(|(name, _)| *name != "PGDATABASE"),
    );
    let output = output(&mut command);
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert_eq!(applied(&url), "1");
}

#[test]
fn the_same_database_twice_is_migrated_once() {
    let folder = folder();
    let url = database();
    let urls = vec![url.clone(); 4];
    let output = output(&mut fleet(&folder, &urls, &["--service=core", "--jobs=4"]));
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert!(
        output.contains("1 applied (9 migrations), 3 current\n"),
        "{output}"
    );
}

#[test]
fn invalid_options_of_a_fleet_are_usage_errors() {
    let folder = folder();
    fs::write(folder.path().join("fleet.txt"), NOBODY).expect("the list is written");
    let calls: [&[&str]; 15] = [
        &["up", "--service=core", "--fleet=missing.txt"],
        &["up", "--service=core", "--fleet=."],
        &["up", "--service=cor", "--fleet=fleet.txt"],
        &[
            "up",
            "--service=core",
            "--fleet=-",
            "--fleet-query=SELECT 1",
        ],
        &["up", "--service=core", "--max-failures=1"],
        &["up", "--service=core", "--fleet=-", "--jobs=0"],
        &[
            "up",
            "--service=core",
            "--fleet=-",
            "--database-url=postgresql://a/b",
        ],
        &["redo", "--service=core", "--fleet=fleet.txt"],
        &["status", "--jobs=2"],
        &["up", "--service=core", "--shard=0/2"],
        &["up", "--service=core", "--shards=2"],
        &["up", "--service=core", "--fleet=-", "--shard=2/2"],
        &["up", "--service=core", "--fleet=-", "--shard=0/0"],
        &["up", "--service=core", "--fleet=-", "--shard=16"],
        &[
            "up",
            "--service=core",
            "--fleet=-",
            "--shard=0/2",
            "--shards=2",
        ],
    ];
    let output = calls.map(|call| output(migrator(call).current_dir(folder.path())));
    insta::assert_snapshot!(output.join("\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_shows_how_many_databases_there_are() {
    let (main, folder) = (database(), folder());
    execute(&main, "CREATE TABLE tenant (url text)");
    for list in ["--fleet=fleet.txt", "'--fleet-query=TABLE tenant'"] {
        let urls = databases(3);
        execute(&urls[1], "CREATE TABLE public.busy ()");
        hold(&urls[1], THIRD, "LOCK TABLE public.busy;");
        let other = session(&urls[1], "LOCK TABLE public.busy IN SHARE MODE");
        fs::write(folder.path().join("fleet.txt"), urls.join("\n")).expect("a list");
        let rows = urls.join("'), ('");
        execute(
            &main,
            &format!("TRUNCATE tenant; INSERT INTO tenant VALUES ('{rows}')"),
        );
        let up = ["up", "--service=core", "--jobs=1", list];
        let mut terminal = on_terminal(&main, folder.path(), &up);
        let mut terminal = terminal.spawn().expect("`script` is installed");
        let mut output = terminal.stdout.take().expect("it is piped");
        read_until(&mut output, "] 1 of 3 databases");
        drop(other);
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it is text");
        let status = terminal.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{rest}");
    }
}
