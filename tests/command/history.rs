//! `history`: the event log.

use super::{document, folder};
use crate::assert_output;
use crate::support::{database, execute, on, output};

#[test]
fn the_event_log_says_what_happened_when_and_by_whom() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    assert_output!(&mut on(&url, folder.path(), &["history"]));
    run(&["up", "--service=core", "--steps=2"]);
    run(&["down", "--service=core"]);
    execute(&url, "CREATE SCHEMA tenant");
    run(&["up", "--service=tenant"]);
    let arguments = ["history", "--service=tenant,auth,core", "--limit=4"];
    assert_output!(&mut on(&url, folder.path(), &arguments));
    let failures = ["history", "--kind=failure,repair", "--output=json"];
    let events = document(&mut on(&url, folder.path(), &failures))["events"].clone();
    assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
    assert_eq!(events[0]["service"], "tenant");
    assert_eq!(events[0]["kind"], "failure");
    let message = events[0]["message"].as_str().expect("it is a text");
    assert!(
        message.contains("schema \"tenant\" already exists"),
        "{message}"
    );
    assert!(
        events[0]["milliseconds"]
            .as_f64()
            .is_some_and(|time| time >= 0.0)
    );
}

#[test]
fn events_are_selected_by_service_and_time() {
    let (url, folder) = (database(), folder());
    let run = |arguments: &[&str]| output(&mut on(&url, folder.path(), arguments));
    run(&["up", "--service=core", "--steps=3"]);
    execute(
        &url,
        "UPDATE migrator.event SET at = at - interval '3 days' WHERE version = 20240108091207",
    );
    let number = |arguments: &[&str]| {
        let arguments = [&["history", "--output=json"], arguments].concat();
        let document = document(&mut on(&url, folder.path(), &arguments));
        document["events"].as_array().map(Vec::len)
    };
    assert_eq!(number(&[]), Some(3));
    assert_eq!(number(&["--since=2d"]), Some(2));
    assert_eq!(number(&["--since=2000-01-01"]), Some(3));
    assert_eq!(number(&["--since=2999-01-01T00:00:00Z"]), Some(0));
    assert_eq!(number(&["--service=tenant"]), Some(0));
    let unknown = run(&["history", "--service=cora"]);
    assert!(unknown.starts_with("exit: 2\n"), "{unknown}");
    assert!(unknown.contains("error[M0406]"), "{unknown}");
    let wrong = run(&["history", "--since=yesterday"]);
    assert!(wrong.starts_with("exit: 2\n"), "{wrong}");
}
