//! Reads the cases.
//!
//! `-- case: <name>` begins a case, `-- change` ends its setup. Each of these is a line of its own:
//!
//! - `-- since 14`, `-- needs extension x`: only these servers run the case;
//! - `-- expect: <line>`: a difference that the comparison reports;
//! - `-- same`: the comparison reports no difference;
//! - `-- pg_dump differs: <reason>`, `-- pg_dump is the same: <reason>`: `pg_dump` disagrees.
//!
//! A condition may follow the word: `-- expect since 18: <line>`, `-- expect until 17: <line>`.

use std::fs;

use migrator_localpg::Throwaway;

/// What `pg_dump` makes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    /// It sees a difference if the snapshot does.
    Agrees,
    /// It sees one, and the snapshot does not.
    Differs,
    /// It sees none, and the snapshot does.
    IsTheSame,
}

/// A database before and after a change.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) setup: String,
    pub(crate) change: String,
    pub(crate) expected: Vec<String>,
    pub(crate) judge: Judge,
    since: u32,
    extension: Option<String>,
}

/// The cases that the server of this process can have.
pub(crate) fn all() -> Vec<Case> {
    let programs = Throwaway::shared().expect("there is a server").programs();
    let major = programs.major;
    let texts = [
        include_str!("cases/relations.sql"),
        include_str!("cases/routines.sql"),
        include_str!("cases/types.sql"),
        include_str!("cases/globals.sql"),
    ];
    let texts = texts
        .iter()
        .flat_map(|text| text.split("-- case: ").skip(1));
    let extensions = extensions();
    texts
        .map(|text| parse(text, major))
        .filter(|case| case.since <= major)
        .filter(|case| match &case.extension {
            Some(extension) => extensions.contains(extension),
            None => true,
        })
        .collect()
}

fn parse(text: &str, major: u32) -> Case {
    let (name, text) = text.split_once('\n').expect("a case has lines");
    let mut case = Case {
        name: name.to_owned(),
        setup: String::new(),
        change: String::new(),
        expected: Vec::new(),
        judge: Judge::Agrees,
        since: 0,
        extension: None,
    };
    let mut is_changed = false;
    let mut is_told = false;
    for line in text.lines() {
        let after = |prefix: &str| line.strip_prefix("-- ")?.strip_prefix(prefix);
        if line == "-- change" {
            is_changed = true;
        } else if line == "-- same" {
            is_told = true;
        } else if let Some(since) = after("since ") {
            case.since = since.parse().expect("a major version");
        } else if let Some(extension) = after("needs extension ") {
            case.extension = Some(extension.to_owned());
        } else if let Some(expectation) = after("expect") {
            is_told = true;
            let (when, reported) = expectation.split_once(": ").expect("`: ` after expect");
            if applies(when, major) {
                case.expected.push(reported.to_owned());
            }
        } else if let Some((when, _)) = after("pg_dump differs").and_then(|l| l.split_once(": ")) {
            if applies(when, major) {
                case.judge = Judge::Differs;
            }
        } else if let Some((when, _)) =
            after("pg_dump is the same").and_then(|l| l.split_once(": "))
        {
            if applies(when, major) {
                case.judge = Judge::IsTheSame;
            }
        } else {
            let part = if is_changed {
                &mut case.change
            } else {
                &mut case.setup
            };
            part.push_str(line);
            part.push('\n');
        }
    }
    assert!(
        is_changed || is_told,
        "{name}: it must change, and something be expected"
    );
    case
}

fn applies(when: &str, major: u32) -> bool {
    match when.trim().split_once(' ') {
        None => true,
        Some(("since", since)) => major >= since.parse().expect("a major version"),
        Some(("until", until)) => major <= until.parse().expect("a major version"),
        Some(_) => panic!("`expect{when}` is neither `since` nor `until`"),
    }
}

/// The extensions that are installed beside the server.
fn extensions() -> Vec<String> {
    let bin = &Throwaway::shared()
        .expect("there is a server")
        .programs()
        .bin;
    let prefix = bin.parent().expect("a folder above bin");
    let major = Throwaway::shared()
        .expect("there is a server")
        .programs()
        .major;
    let folders = [
        format!("/usr/share/postgresql/{major}/extension").into(),
        prefix.join("share/postgresql/extension"),
        prefix.join("share/extension"),
    ];
    let is_debian = bin.starts_with("/usr/lib/postgresql");
    let folders = folders.iter().skip(usize::from(!is_debian));
    let entries = folders
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter_map(|name| Some(name.strip_suffix(".control")?.to_owned()))
        .collect()
}
