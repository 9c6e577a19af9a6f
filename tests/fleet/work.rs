//! `down`, `status` and `drift` of many databases.

use std::fs;

use migrator_localpg::{Programs, Throwaway};
use serde_json::Value;

use super::run::{changed, document};
use super::shard::lines as lines_of;
use super::{NOBODY, applied, fleet, folder, of};
use crate::assert_output;
use crate::support::{block_on, database, execute, on, output};

#[test]
fn down_reverts_in_each_database() {
    let folder = folder();
    let urls = [database(), database()];
    let three = ["--service=core", "--steps=3", "--jobs=1"];
    output(&mut fleet(&folder, &urls, &three));
    let two = ["--service=core", "--steps=2", "--jobs=1"];
    let dry_run = [&two[..], &["--dry-run"]].concat();
    assert_output!(&mut of("down", &folder, &urls, &dry_run));
    assert_eq!(applied(&urls[0]), "3");
    let mut all = urls.to_vec();
    all.push(NOBODY.to_owned());
    all.push(database());
    assert_output!(&mut of("down", &folder, &all, &two));
    for url in &urls {
        assert_eq!(applied(url), "1");
    }
    let json = [&two[..], &["--output=json"]].concat();
    let json = document(&mut of("down", &folder, &urls, &json));
    assert_eq!(json["totals"]["reverted"], 2);
    assert_eq!(json["totals"]["migrations"], 2);
    assert_eq!(json["databases"][0]["done"], 1);
    let mut unknown = of("down", &folder, &urls, &["--service=cor"]);
    assert!(output(&mut unknown).contains("unknown service `cor`"));
}

fn states(json: &Value) -> Vec<Value> {
    let rows = json["databases"].as_array().expect("a list").iter();
    rows.map(|row| row["state"].clone()).collect()
}

#[test]
fn status_has_a_line_for_each_database() {
    let folder = folder();
    let urls = [database(), database()];
    output(&mut fleet(&folder, &urls[..1], &["--service=core"]));
    let core = ["--service=core", "--jobs=1"];
    assert_output!(&mut of("status", &folder, &urls, &core));
    let judged = |urls: &[String]| {
        let check = [&core[..], &["--check", "--output=json"]].concat();
        document(&mut of("status", &folder, urls, &check))
    };
    assert_eq!(judged(&urls[..1])["exit"], 0);
    let pending = judged(&urls);
    assert_eq!(pending["exit"], 6);
    assert_eq!(pending["totals"]["pending"], 1);
    assert_eq!(states(&pending), ["current", "pending"]);
    let services = &pending["databases"][1]["services"];
    assert_eq!(services[0]["state"], "9 pending");
    assert_eq!(
        pending["databases"][0]["services"],
        Value::Array(Vec::new())
    );
    let with_problem = [urls[1].clone(), changed()];
    let problem = judged(&with_problem);
    assert_eq!(problem["exit"], 3);
    assert_eq!(states(&problem), ["pending", "problem"]);
    let quiet = [&core[..], &["--quiet"]].concat();
    assert_output!(&mut of("status", &folder, &with_problem, &quiet));
    let unreached = judged(&[NOBODY.to_owned(), changed()]);
    assert_eq!(unreached["exit"], 5);
}

#[test]
fn status_names_a_standby() {
    let folder = folder();
    let programs = Programs::find(None).expect("Postgres is installed");
    let settings = [("wal_level", "replica")];
    let server = Throwaway::start_with_settings(programs, &settings).expect("a server");
    let url = block_on(server.create_database()).expect("a database");
    let urls = [url.clone(), database()];
    output(&mut fleet(&folder, &urls, &["--service=core", "--steps=8"]));
    execute(&url, "CHECKPOINT");
    // It restarts as a standby that has received everything from its lost primary.
    let signal = server.folder().join("data/standby.signal");
    fs::write(signal, "").expect("a file can be made");
    server.crash().expect("it comes back");
    let core = ["--service=core", "--jobs=1"];
    assert_output!(&mut of("status", &folder, &urls, &core));
    let json = [&core[..], &["--output=json"]].concat();
    let json = document(&mut of("status", &folder, &urls, &json));
    let servers = json["databases"].as_array().expect("a list").iter();
    let servers: Vec<&Value> = servers.map(|row| &row["server"]).collect();
    assert_eq!(servers, ["standby", "primary"]);
    let one = output(&mut on(&url, folder.path(), &["status"]));
    assert!(one.contains("\nserver: standby\n"), "{one}");
}

#[test]
fn drift_compares_each_database_with_its_own_history() {
    let folder = folder();
    let urls = [database(), database(), database()];
    output(&mut fleet(&folder, &urls[..2], &["--service=core"]));
    let one = [&["--service=core", "--steps=1"][..], &["-q"]].concat();
    output(&mut fleet(&folder, &urls[2..], &one));
    execute(&urls[1], "CREATE TABLE core.unknown ()");
    let mut all = urls.to_vec();
    all.push(NOBODY.to_owned());
    let json = ["--output=json", "--jobs=2"];
    let found = document(&mut of("drift", &folder, &all, &json));
    assert_eq!(found["exit"], 5);
    let states = states(&found);
    assert_eq!(states, ["matches", "drifted", "matches", "failed"]);
    assert_eq!(found["totals"]["matches"], 2);
    assert_eq!(found["totals"]["drifted"], 1);
    assert_eq!(found["totals"]["migrations"], 9 + 9 + 1);
    let drift = &found["databases"][1]["drift"];
    assert_eq!(drift["migrations"], 9);
    assert_eq!(drift["differences"][0]["code"], "M0601");
    assert_output!(&mut of("drift", &folder, &urls, &["--jobs=1"]));
    assert_output!(&mut of("drift", &folder, &urls[..1], &["-q"]));
    let shards = ["0/2", "1/2"].map(|shard| {
        let shard = format!("--shard={shard}");
        let lines = ["--output=jsonl", "--jobs=1", &shard];
        let output = of("drift", &folder, &urls, &lines).output();
        let (rows, last) = lines_of(&output.expect("the binary runs").stdout);
        let drifted = rows.iter().filter(|row| row["state"] == "drifted").count();
        let expected = if drifted > 0 { 6 } else { 0 };
        assert_eq!(last["exit"], expected);
        (rows.len(), drifted)
    });
    let [(some, drifted), (others, also_drifted)] = shards;
    assert_eq!((some + others, drifted + also_drifted), (3, 1));
}

#[test]
fn drift_of_a_query_takes_waves() {
    let (main, folder) = (database(), folder());
    let query = format!("--fleet-query=VALUES ('{main}', 1), ('{main}', 2)");
    let output = output(&mut on(
        &main,
        folder.path(),
        &["drift", &query, "--wave=2"],
    ));
    // Without a history, the schema of an empty database matches.
    assert!(output.starts_with("exit: 0\n"), "{output}");
    assert!(output.contains("1 database of wave 2 in "), "{output}");
}
