//! Checks a folder of another project's migrations, and counts the findings.
//!
//! `cargo run --release -p migrator-bench --bin corpus FOLDER`
//!
//! Reads `NAME/up.sql` with `NAME/down.sql`, and `NAME.up.sql` with `NAME.down.sql`, in the order
//! of the digits in their names, as one service.
//!
//! It first counts the findings that would keep the scripts from being checked together, and then
//! removes their causes. An empty script and a script that is refused become `SELECT 1;`. A
//! script that cannot run in a transaction gets the directive.

#![expect(clippy::print_stdout, reason = "the program prints figures")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use migrator_model::{Code, Problem, Tree, resolve};

fn main() {
    let Some(folder) = env::args_os().nth(1) else {
        return println!("usage: corpus FOLDER");
    };
    let mut scripts = Vec::new();
    collect(Path::new(&folder), &mut scripts);
    let mut pairs: BTreeMap<(String, String), [String; 2]> = BTreeMap::new();
    for script in scripts {
        if let Some((key, direction)) = key(&script) {
            let text = fs::read(&script).unwrap_or_default();
            let pair = pairs
                .entry(key)
                .or_insert_with(|| [const { String::new() }; 2]);
            pair[direction] = String::from_utf8_lossy(&text).into_owned();
        }
    }
    let mut texts: Vec<[String; 2]> = pairs.into_values().collect();
    println!("{} scripts in {} migrations", texts.len() * 2, texts.len());
    let alone = findings(&texts);
    count("by themselves", &alone);
    put_aside(&mut texts, &alone);
    count("against each other", &findings(&texts));
}

fn collect(folder: &Path, scripts: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => collect(&path, scripts),
            false => scripts.push(path),
        }
    }
}

/// The digits of a migration's name, its name, and which of the two scripts it is.
fn key(path: &Path) -> Option<((String, String), usize)> {
    let file = path.file_name()?.to_str()?;
    let (name, direction) = match file {
        "up.sql" => (path.parent()?.file_name()?.to_str()?, 0),
        "down.sql" => (path.parent()?.file_name()?.to_str()?, 1),
        _ => match (file.strip_suffix(".up.sql"), file.strip_suffix(".down.sql")) {
            (Some(name), _) => (name, 0),
            (None, Some(name)) => (name, 1),
            (None, None) => return None,
        },
    };
    let stem = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
    let digits = name[..name.len() - stem.len()].chars();
    let digits: String = digits.filter(char::is_ascii_digit).collect();
    Some(((format!("{digits:0<20}"), name.to_owned()), direction))
}

/// The findings for the scripts as one service; the file of a position is `NUMBER.up.sql`.
fn findings(texts: &[[String; 2]]) -> Vec<Problem> {
    let manifest = "tiers = [\"T\"]\n[services.s]\ntier = \"T\"\ndirectory = \"s\"\n";
    let mut tree = Tree::new("").with_file("services.toml", manifest);
    for (number, pair) in texts.iter().enumerate() {
        let (hour, minute, second) = (number / 3600, number / 60 % 60, number % 60);
        let stem = format!("migrations/s/20240101{hour:02}{minute:02}{second:02}_{number:08x}_m");
        for (ending, text) in ["up", "down"].into_iter().zip(pair) {
            let bare = text.lines().all(|line| {
                let line = line.trim();
                line.is_empty() || line.starts_with("--")
            });
            let text = if bare { "SELECT 1;" } else { text };
            tree = tree.with_file(&format!("{stem}.{ending}.sql"), text);
        }
    }
    let resolved = resolve(&tree);
    let further = migrator_analysis::analyse(&resolved);
    resolved.problems.into_iter().chain(further).collect()
}

fn put_aside(texts: &mut [[String; 2]], findings: &[Problem]) {
    for finding in findings {
        let path = finding.path().unwrap_or_default();
        let number = path
            .split('_')
            .nth(1)
            .and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let Some(pair) = number.and_then(|number| texts.get_mut(number)) else {
            continue;
        };
        let text = &mut pair[usize::from(path.ends_with(".down.sql"))];
        if finding.code == Code::M0211 {
            text.insert_str(0, "-- migrator: no-transaction\n");
        } else if finding.code.level().is_none() {
            "SELECT 1;".clone_into(text);
        }
    }
}

/// Counts findings by code, and prints those that are not lints for a live database.
fn count(what: &str, findings: &[Problem]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.code.as_str()).or_default() += 1;
        let is_for_live = ("M0212".."M0227").contains(&finding.code.as_str());
        if !is_for_live {
            println!("  {finding}");
        }
    }
    println!("{what}: {counts:?}");
}
