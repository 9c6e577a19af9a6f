//! `status` while a run is changing the database.

use std::fs;

use tempfile::tempdir;

use super::{hold, nothing_goes_on, start, until_activity};
use crate::support::{THIRD, database, migrator, on, output};

#[test]
fn status_names_the_run_that_is_changing_the_database() {
    let url = database();
    hold(&url, THIRD, "PERFORM pg_sleep(60);");
    let up = start(&url, &["up", "--service=core"]);
    until_activity(&url, "wait_event = 'PgSleep'");
    let folder = tempdir().expect("a folder is made");
    let status = |arguments: &[&str]| {
        let arguments = [&["status"], arguments].concat();
        output(&mut on(&url, folder.path(), &arguments))
    };
    let text = status(&[]);
    let line = text.lines().find(|line| line.starts_with("running: "));
    let line = line.expect("a line names the run");
    assert!(line.starts_with("running: `migrator (process "), "{line}");
    assert!(line.ends_with(" is changing core"), "{line}");
    let json = status(&["--output=json", "--service=core"]);
    assert!(json.contains("\"runs\": [\n"), "{json}");
    let others = status(&["--service=tenant"]);
    assert!(!others.contains("running: "), "{others}");
    fs::write(folder.path().join("fleet.txt"), &url).expect("the list is written");
    let mut fleet = migrator(&["status", "--fleet=fleet.txt", "--service=core"]);
    let fleet = output(fleet.current_dir(folder.path()));
    let line = fleet.lines().find(|line| line.contains("running: "));
    let line = line.expect("a line names the run");
    assert!(
        line.starts_with("        running: `migrator (process "),
        "{line}"
    );
    assert!(line.ends_with(" is changing core"), "{line}");
    let mut json = migrator(&["status", "--fleet=fleet.txt", "--output=json"]);
    let json = output(json.current_dir(folder.path()));
    assert!(
        json.contains("\"services\":[\"core\"],\"since\":\""),
        "{json}"
    );
    assert!(json.contains("\"server\":\"primary\""), "{json}");
    up.signal("INT");
    up.end();
    nothing_goes_on(&url);
    assert!(!status(&[]).contains("running: "));
}
