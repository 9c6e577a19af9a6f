//! On a terminal: `down` shows its plan and asks, and a run shows its running steps.

#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::process::Command;

use super::{checkout, folder, write};
use crate::support::terminal::{on_terminal, read_until};
use crate::support::{
    BINARY, THIRD, clear, database, execute, hold, migrator, on, output, query, session,
};

#[test]
fn a_confirmed_plan_is_carried_out_unless_the_history_has_changed() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    let down = ["down", "--service=core"];
    run(&["up", "--service=core", "--steps=3"]);
    for (other, code, expected) in [
        (None, 0, "1 migration of 1 service reverted"),
        (
            Some(&["down", "--service=core", "--yes"][..]),
            3,
            "error[M0401]",
        ),
    ] {
        let mut terminal = on_terminal(&url, folder.path(), &down);
        let mut terminal = terminal.spawn().expect("`script` is installed");
        let mut output = terminal.stdout.take().expect("it is piped");
        let shown = read_until(&mut output, "? [y/N] ");
        assert!(shown.contains("revert 1 migration on "), "{shown}");
        if let Some(other) = other {
            run(other);
        }
        let mut answer = terminal.stdin.take().expect("it is piped");
        answer.write_all(b"y\n").expect("it is asked");
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it is text");
        let status = terminal.wait().expect("it ends");
        assert_eq!(status.code(), Some(code), "{rest}");
        assert!(rest.contains(expected), "{rest}");
        let changed = "another run changed the history after this plan was shown";
        assert_eq!(rest.contains(changed), code == 3, "{rest}");
    }
    let left = query(&url, "SELECT version::text FROM migrator.core_history");
    assert_eq!(left.len(), 1, "the refused run reverted nothing");
}

#[test]
fn a_running_step_and_the_plan_are_shown_until_they_end() {
    let (url, folder) = (database(), folder());
    execute(&url, "CREATE TABLE public.busy ()");
    hold(&url, THIRD, "LOCK TABLE public.busy;");
    let other = session(&url, "LOCK TABLE public.busy IN SHARE MODE");
    let up = ["up", "--service=core", "--steps=3"];
    let mut terminal = on_terminal(&url, folder.path(), &up);
    let mut terminal = terminal.spawn().expect("`script` is installed");
    let mut output = terminal.stdout.take().expect("it is piped");
    read_until(&mut output, "] 2 of ");
    // The third step waits for the other session: the next line that names a step shows that it runs.
    read_until(&mut output, "core/");
    drop(other);
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("it is text");
    let status = terminal.wait().expect("it ends");
    assert_eq!(status.code(), Some(0), "{rest}");
    let last = rest.trim_end().lines().last().unwrap_or_default();
    assert!(last.contains("of 1 service applied in "), "{rest:?}");
    let (_, after) = rest.rsplit_once("\u{1b}[").expect("the lines are removed");
    assert!(after.contains("of 1 service applied in "), "{after:?}");
}

#[test]
fn a_narrow_terminal_gets_lines_that_fit() {
    let (url, folder) = (database(), folder());
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    for (columns, is_wide) in [(60, false), (200, true)] {
        let mut command = Command::new("script");
        let line = format!(
            "stty rows 24 cols {columns} < /dev/tty; {BINARY} status --service=core,tenant"
        );
        command
            .args(["--quiet", "--flush", "--return", "--command", &line])
            .arg("/dev/null")
            .current_dir(folder.path());
        clear(&mut command);
        command
            .env("DATABASE_URL", &url)
            .envs([("NO_COLOR", "1"), ("TERM", "xterm")]);
        let shown = command.output().expect("`script` is installed").stdout;
        let shown = String::from_utf8(shown).expect("it is text");
        let table = shown
            .lines()
            .skip_while(|line| !line.starts_with("service"));
        let widest = table.map(|line| line.trim_end().len()).max();
        assert_eq!(widest.is_some_and(|widest| widest > 60), is_wide, "{shown}");
        let own_line = shown.contains("\n    newest: 20240702071503_7ebcf483_");
        assert_eq!(own_line, !is_wide, "{shown}");
    }
}

#[test]
fn a_terminal_that_is_not_utf_8_gets_ascii() {
    let checkout = checkout();
    let path = "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders.up.sql";
    write(checkout.path(), path, "COPY größe FROM STDIN;\n");
    let shown = |locale: (&str, &str), arguments: &[&str]| {
        let mut terminal = on_terminal("", checkout.path(), arguments);
        for variable in ["LC_ALL", "LC_CTYPE", "LANG"] {
            terminal.env_remove(variable);
        }
        let output = terminal.env(locale.0, locale.1).output();
        String::from_utf8(output.expect("`script` is installed").stdout).expect("it is UTF-8")
    };
    let latin = ("LANG", "de_DE.ISO-8859-1");
    for arguments in [&["check"][..], &["check", "--output=json"], &["up", "-h"]] {
        for locale in [("LC_ALL", "C"), latin] {
            let shown = shown(locale, arguments);
            assert!(shown.is_ascii(), "{shown}");
        }
        let utf_8 = shown(("LC_CTYPE", "C.UTF-8"), arguments);
        assert!(utf_8.contains('…'), "{utf_8}");
        let mut piped = migrator(arguments);
        let piped = output(piped.current_dir(checkout.path()).env("LC_ALL", "C"));
        assert!(piped.contains('…'), "{piped}");
    }
    let shown = shown(latin, &["check"]);
    let (line, caret) = (
        "COPY gr\\u{f6}\\u{df}e FROM STDIN;",
        "`COPY ... FROM STDIN`",
    );
    assert!(shown.contains(line) && shown.contains(caret), "{shown}");
}
