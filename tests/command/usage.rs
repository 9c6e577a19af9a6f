//! Arguments that a command refuses, and what it suggests.

use super::{document, folder};
use crate::assert_output;
use crate::support::{database, migrator, on, output, query};

#[test]
fn a_service_that_does_not_exist_is_a_usage_error() {
    let (url, folder) = (database(), folder());
    assert_output!(&mut on(&url, folder.path(), &["up", "--service=tennant"]));
    assert_output!(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "--to=20240108091208"]
    ));
    assert_output!(&mut on(&url, folder.path(), &["up"]));
}

#[test]
fn invalid_arguments_are_usage_errors() {
    let calls: [&[&str]; 10] = [
        &["up", "--service="],
        &["up", "--service=all,tenant"],
        &["redo", "--service=all"],
        &["create", "--service=tenant,auth", "--name=x"],
        &["down", "--service=tenant", "--steps=0"],
        &["down", "--service=tenant", "--all", "--steps=1"],
        &["up", "--service=tenant", "--lock-wait=5"],
        &["status", "--schema=pg_history"],
        &["status", "--database-url="],
        &["explain", "M0199"],
    ];
    let folder = folder();
    let output: Vec<String> = calls
        .iter()
        .map(|call| output(migrator(call).current_dir(folder.path())))
        .collect();
    insta::assert_snapshot!(output.join("\n"));
}

#[test]
fn a_usage_error_is_a_json_document_as_well() {
    let calls: [(&[&str], &str); 3] = [
        (&["up", "--output=json"], "--service"),
        (&["--output", "json", "upp"], "unrecognized subcommand"),
        (&["--output=json"], "requires a subcommand"),
    ];
    for (call, expected) in calls {
        let document = document(&mut migrator(call));
        assert_eq!(document["exit"], 2);
        let message = document["errors"][0]["message"].as_str().expect("a text");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_command_of_another_tool_answers_with_the_command_to_run() {
    let calls = [
        ("new", "migrator create --service=NAME --name=TITLE"),
        (
            "create-migration",
            "migrator create --service=NAME --name=TITLE",
        ),
        ("migrate", "migrator up --service=NAME"),
        ("deploy", "migrator up --service=NAME"),
        ("rollback", "migrator down --service=NAME"),
        ("Revert", "migrator down --service=NAME"),
        ("undo", "migrator down --service=NAME"),
        ("info", "migrator status"),
        ("pending", "migrator status"),
        ("version", "migrator --version"),
        ("version", "migrator status"),
        ("lint", "migrator check"),
        ("diff", "migrator drift"),
    ];
    for (word, call) in calls {
        let output = output(&mut migrator(&[word]));
        assert!(output.starts_with("exit: 2\n"), "{output}");
        assert!(
            output.contains(&format!("unrecognized subcommand '{word}'"))
                && output.contains(&format!("tip: run '{call}'\n"))
                && !output.contains("similar subcommand"),
            "{output}"
        );
        // What the tip names is a command with these options.
        let mut help: Vec<&str> = call.split(' ').skip(1).collect();
        help.push("--help");
        let help = self::output(&mut migrator(&help));
        assert!(help.starts_with("exit: 0\n"), "{help}");
    }
}

#[test]
fn usage_errors_respect_the_color_option() {
    let always = output(&mut migrator(&["upp", "--color=always"]));
    assert!(always.contains("\u{1b}["), "{always}");
    let never = output(&mut migrator(&["upp", "--color", "never"]));
    assert!(!never.contains("\u{1b}["), "{never}");
}

#[test]
fn an_option_that_the_command_does_not_read_is_refused() {
    let (url, folder) = (database(), folder());
    let database = format!("--database-url={url}");
    for arguments in [
        &["up", "--service=core", "--directory=mytree", &database][..],
        &["status", "--directory", "mytree", &database],
        &["explain", "M0104", "--directory=mytree"],
        &["explain", "M0104", &database],
        &["create", "--service=core", "--name=a", &database],
        &["check", &database],
    ] {
        let output = output(migrator(arguments).current_dir(folder.path()));
        assert!(
            output.starts_with("exit: 2\n----- stdout -----\n-----"),
            "{output}"
        );
    }
    assert!(
        query(
            &url,
            "SELECT nspname::text FROM pg_namespace WHERE nspname = 'core'"
        )
        .is_empty()
    );
}

#[test]
fn an_unknown_service_lists_the_known_ones_without_a_database() {
    let folder = folder();
    for command in ["status", "up", "down", "redo"] {
        let arguments = [command, "--service=billing"];
        let output = output(migrator(&arguments).current_dir(folder.path()));
        assert!(output.starts_with("exit: 2\n"), "{output}");
        assert!(
            output.contains("unknown service `billing`")
                && output.contains("the services are core, "),
            "{output}"
        );
    }
}

/// The commands that the help lists, each with its required options.
const CALLS: [&[&str]; 25] = [
    &["init", "shop"],
    &["create", "--service=shop", "--name=a"],
    &["adopt", "--from=goose", "db", "--service=shop"],
    &["baseline", "--service=core"],
    &["check"],
    &["explain", "M0104"],
    &["digest"],
    &["up", "--service=core"],
    &["plan", "--service=core"],
    &["down", "--service=core"],
    &["redo", "--service=core"],
    &["status"],
    &["history"],
    &["list"],
    &["wait", "--service=core", "--timeout=0s"],
    &["repair", "--service=core", "--accept-change"],
    &["verify"],
    &["drift"],
    &["schema"],
    &["graph"],
    &["report", "--html=page.html"],
    &["server", "status"],
    &["with", "--", "true"],
    &["completions", "bash"],
    &["man"],
];

#[test]
fn each_command_reads_or_refuses_each_global_option() {
    let general = output(&mut migrator(&["--help"]));
    let listed = general.lines().skip_while(|line| *line != "Commands:");
    let listed = listed.skip(1).take_while(|line| !line.is_empty());
    let listed = listed.filter_map(|line| line.split_whitespace().next());
    let listed: Vec<&str> = listed.filter(|command| *command != "help").collect();
    assert_eq!(listed, CALLS.map(|call| call[0]));
    let folder = folder();
    let run = |call: &[&str], option: &str| {
        // What follows `--` belongs to the command of `with`.
        let arguments = [&call[..1], &[option], &call[1..]].concat();
        let mut command = on("postgresql://a@127.0.0.1:1/a", folder.path(), &arguments);
        if option.contains("database-url") {
            command.env_remove("DATABASE_URL");
        }
        output(&mut command)
    };
    for call in CALLS {
        let directory = run(call, "--directory=nowhere");
        let heeds = "there is no tree in `nowhere`";
        let refuses = ["does not read `--directory`", "leave `--directory` out"];
        assert!(directory.starts_with("exit: 2\n"), "{directory}");
        assert!(
            directory.contains(heeds) || refuses.iter().any(|text| directory.contains(text)),
            "{call:?}: {directory}"
        );
        let database = run(call, "--database-url=postgresql://b@127.0.0.1:1/b");
        let heeds = database.starts_with("exit: 5\n") && database.contains("b@127.0.0.1:1/");
        let refuses = database.starts_with("exit: 2\n")
            && (database.contains("leave `--database-url` out")
                || database.contains("only with `--server`"));
        // `adopt` converts before it connects.
        let converts = call[0] == "adopt" && database.contains("there is no tree here");
        assert!(heeds || refuses || converts, "{call:?}: {database}");
        for format in ["--output=sarif", "--output=github", "--output=markdown"] {
            let output = run(call, format);
            let refuses = output.contains("only `check` has `--output=sarif`");
            assert_eq!(refuses, call[0] != "check", "{output}");
        }
    }
}

#[test]
fn options_that_would_have_no_effect_together_are_refused() {
    let (url, folder) = (database(), folder());
    for arguments in [
        &["up", "--service=core", "--to=20240108091207", "--steps=1"][..],
        &["up", "--service=core", "--max-failures=1"],
        &[
            "up",
            "--service=core",
            "--fleet=-",
            "--fleet-query=SELECT 1",
        ],
        &["up", "--service=core", "--fleet=-", "--database-url=host=a"],
        &["down", "--service=core", "--to=0", "--steps=1"],
        &["down", "--service=core", "--all", "--to=0"],
        &["repair", "--service=core", "--applied"],
        &["repair", "--service=core", "--version=20240108091207"],
        &["repair", "--service=core", "--applied", "--reverted"],
        &["repair", "--service=core", "--accept-change", "--applied"],
        // `status` runs no script.
        &[
            "repair",
            "--service=core",
            "--accept-change",
            "--statement-timeout=1s",
        ],
        &["repair", "--service=core", "--accept-change", "--jobs=2"],
        &["redo", "--service=core", "--jobs=2"],
        &["redo", "--service=core", "--steps=2"],
        &["status", "--lock-wait=1s"],
        &["verify", "--schema=other"],
        &["verify", "--jobs=0"],
        &["check", "--schema=other"],
        &["check", "--service=all,core"],
        &["up", "--service=core", "--steps=1", "--steps=2"],
    ] {
        let output = output(&mut on(&url, folder.path(), arguments));
        assert!(
            output.starts_with("exit: 2\n----- stdout -----\n-----"),
            "{arguments:?}: {output}"
        );
    }
    let made = "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'migrator')";
    assert_eq!(query(&url, made), [""; 0]);
}

#[test]
fn only_a_similar_word_is_suggested() {
    for (arguments, tip) in [
        (&["chekc"][..], Some("a similar subcommand exists: 'check'")),
        (&["stauts"], Some("a similar subcommand exists: 'status'")),
        (
            &["help", "veirfy"],
            Some("a similar subcommand exists: 'verify'"),
        ),
        (&["backfill"], None),
        (&["scheme2"], Some("a similar subcommand exists: 'schema'")),
        (
            &["up", "--setps=1"],
            Some("a similar argument exists: '--steps'"),
        ),
        (
            &["up", "--dryrun"],
            Some("a similar argument exists: '--dry-run'"),
        ),
        (&["up", "--target=1"], None),
        (&["up", "--db=a"], None),
        (&["down", "--force"], None),
        (&["--steps=1", "up"], Some("write '--steps' after 'up'")),
        (
            &["status", "--output=jsno"],
            Some("a similar value exists: 'json'"),
        ),
        (&["status", "--output=yaml"], None),
        (
            &["status", "--color=alway"],
            Some("a similar value exists: 'always'"),
        ),
        (
            &["completions", "fihs"],
            Some("a similar value exists: 'fish'"),
        ),
        (
            &["server", "restart"],
            Some("a similar value exists: 'start'"),
        ),
        (&["server", "kill"], None),
    ] {
        let output = output(&mut migrator(arguments));
        assert!(output.starts_with("exit: 2\n"), "{output}");
        let tips: Vec<&str> = output
            .lines()
            .filter(|line| line.contains("tip:"))
            .collect();
        match tip {
            Some(tip) => assert!(
                tips.len() == 1 && tips[0].ends_with(tip),
                "{arguments:?}: {output}"
            ),
            None => assert!(tips.is_empty(), "{arguments:?}: {output}"),
        }
    }
}
