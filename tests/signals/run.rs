//! A signal to a command that runs scripts.

use serde_json::Value;
use tempfile::tempdir;

use super::{THIRD, hold, nothing_goes_on, recorded, start, until_activity};
use crate::support::{database, execute, on, output, query, text};

fn let_go(url: &str) {
    execute(url, "DROP EVENT TRIGGER hold");
}

#[test]
fn a_signal_rolls_the_running_script_back_and_reports_the_steps_before() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("INT");
    assert_ended!(up);
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
    let third = "SELECT proname::text FROM pg_proc WHERE proname = 'uuid_v7'";
    assert_eq!(query(&url, third), Vec::<String>::new());
    let_go(&url);
    let folder = tempdir().expect("a folder is made");
    let next = output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    assert!(next.starts_with("exit: 0\n"), "{next}");
    assert_eq!(recorded(&url).len(), 9);
}

#[test]
fn the_document_of_a_stopped_run_lists_its_steps() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core", "--output=json"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("TERM");
    let output = up.end();
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(output.status.code(), Some(143));
    assert_eq!(document["exit"], 143);
    assert_eq!(document["done"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["errors"][0]["code"], "M0518");
    nothing_goes_on(&url);
}

#[test]
fn a_signal_stops_down_as_it_stops_up() {
    let url = database();
    let folder = tempdir().expect("a folder is made");
    output(&mut on(&url, folder.path(), &["up", "--service=core"]));
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let down = start(&url, &["down", "--service=core", "--all", "--yes"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    down.signal("TERM");
    let output = text(&down.end());
    assert!(output.starts_with("exit: 143\n"), "{output}");
    assert_eq!(output.matches("\nreverted core/").count(), 7, "{output}");
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
}

#[test]
fn up_resumes_a_step_outside_a_transaction_after_a_signal() {
    let url = database();
    let is_dirty = "EXISTS (SELECT FROM migrator.core_history WHERE dirty IS NOT NULL)";
    hold(&url, is_dirty, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core", "-q"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("INT");
    assert_ended!(up);
    nothing_goes_on(&url);
    let last = recorded(&url).pop().expect("some are");
    assert_eq!(last, "7ebcf483_index_audit_log_by_row dirty up");
    let_go(&url);
    let folder = tempdir().expect("a folder is made");
    let next = output(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    assert!(next.starts_with("exit: 0\n"), "{next}");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let url = database();
    // The script ignores a request to cancel.
    let deaf = "LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; \
                END LOOP;";
    hold(&url, THIRD, deaf);
    let mut up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    up.signal("TERM");
    up.until_said("stopping");
    up.signal("INT");
    let output = text(&up.end());
    assert!(output.starts_with("exit: 130\n"), "{output}");
    assert!(!output.contains("error["), "{output}");
    execute(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'",
    );
    nothing_goes_on(&url);
    assert_eq!(recorded(&url).len(), 2);
}

#[test]
fn a_signal_stops_every_database_of_a_fleet() {
    let urls = [database(), database()];
    for url in &urls {
        hold(url, THIRD, "PERFORM pg_sleep(60);");
    }
    let folder = tempdir().expect("a folder is made");
    let list = folder.path().join("fleet");
    std::fs::write(&list, urls.join("\n")).expect("it is written");
    let fleet = format!("--fleet={}", list.display());
    let up = start(&urls[0], &["up", "--service=core", &fleet]);
    for url in &urls {
        until_activity(url, "wait_event = 'PgSleep'");
    }
    up.signal("INT");
    let output = text(&up.end());
    assert!(output.starts_with("exit: 130\n"), "{output}");
    let of_each = output.matches("(M0518 after 2 migrations, ").count();
    assert_eq!(of_each, 2, "{output}");
    for url in &urls {
        nothing_goes_on(url);
        assert_eq!(recorded(url).len(), 2);
    }
}
