//! `down` and `status` of many databases.

use serde_json::Value;

use super::run::{changed, document};
use super::{NOBODY, applied, fleet, folder, of};
use crate::assert_output;
use crate::support::{database, output};

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
    let states = |json: &Value| {
        let rows = json["databases"].as_array().expect("a list").iter();
        let states: Vec<Value> = rows.map(|row| row["state"].clone()).collect();
        states
    };
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
