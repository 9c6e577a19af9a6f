//! `init`: the files that it writes. The tests of `start` build and migrate what it writes.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{document, folder, write};
use crate::support::{clear, migrator, output, path_with_binary};

/// The output of `init`, without the version and uid of the first migration.
fn init(folder: &Path, arguments: &[&str]) -> String {
    let arguments = [&["init"], arguments].concat();
    output(migrator(&arguments).current_dir(folder))
}

macro_rules! assert_init {
    ($output:expr) => {
        insta::with_settings!({ filters => [
            (r"\d{14}_[0-9a-f]{8}_", "[version]_[uid]_"),
            (r"`/\S*/Cargo.toml`", "`[folder]/Cargo.toml`"),
        ] }, {
            insta::assert_snapshot!($output)
        })
    };
}

/// A crate with a program, a build script and rules for agents.
const CARGO_TOML: &str = "\
# The shop.
[package]
name = \"web-shop\"
version = \"0.3.0\"
edition = \"2024\"

[dependencies] # as few as possible
# The log.
log = \"0.4\"

[features]
default = []
";

fn package() -> tempfile::TempDir {
    let folder = folder();
    fs::create_dir(folder.path().join("src")).expect("the folder is made");
    write(folder.path(), "Cargo.toml", CARGO_TOML);
    write(folder.path(), "src/main.rs", "fn main() {}\n");
    folder
}

fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).expect(path)
}

/// All files of a folder with their texts.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it is readable").path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => {
                let text = fs::read_to_string(&path).expect("it is text");
                all.push((path.display().to_string(), text));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn init_writes_a_new_crate_once() {
    let folder = folder();
    assert_init!(init(folder.path(), &["shop"]));
    let before = files(folder.path());
    assert_init!(init(folder.path(), &["shop"]));
    assert_eq!(files(folder.path()), before);
    let shop = folder.path().join("shop");
    for file in [
        "Cargo.toml",
        "src/main.rs",
        "database/services.toml",
        "AGENTS.md",
    ] {
        insta::assert_snapshot!(read(&shop, file));
    }
    let check = output(migrator(&["check", "--deny-warnings"]).current_dir(&shop));
    assert!(
        check.contains("1 migration of 1 service in database: no findings"),
        "{check}"
    );
}

#[test]
fn init_finishes_a_crate_after_an_interruption() {
    let folder = folder();
    init(folder.path(), &["shop"]);
    let whole = files(folder.path());
    let shop = folder.path().join("shop");
    for lost in ["Cargo.toml", "database/services.toml"] {
        fs::remove_file(shop.join(lost)).expect("it is there");
    }
    init(folder.path(), &["shop"]);
    assert_eq!(files(folder.path()), whole);
}

#[test]
fn init_extends_a_crate_and_keeps_each_line() {
    let package = package();
    let shop = package.path();
    write(shop, "AGENTS.md", "# Agents\r\n\r\nBe kind.");
    assert_init!(init(shop, &[]));
    let cargo = read(shop, "Cargo.toml");
    insta::with_settings!({ filters => [(env!("CARGO_PKG_VERSION"), "[release]")] }, {
        insta::assert_snapshot!(cargo);
    });
    let old: Vec<&str> = CARGO_TOML.lines().collect();
    let kept: Vec<&str> = cargo.lines().filter(|line| old.contains(line)).collect();
    assert!(kept.starts_with(&old), "{cargo}");
    let agents = read(shop, "AGENTS.md");
    assert!(
        agents.starts_with("# Agents\r\n\r\nBe kind.\r\n\r\n<!-- "),
        "{agents}"
    );
    assert_eq!(agents.matches('\n').count(), agents.matches("\r\n").count());
    assert_eq!(read(shop, "src/main.rs"), "fn main() {}\n");
    let before = files(shop);
    assert_init!(init(shop, &[]));
    assert_eq!(files(shop), before);
}

#[test]
fn init_prints_what_it_cannot_write_itself() {
    let package = package();
    let shop = package.path();
    let cargo = "dependencies.log = \"0.4\"\n[package]\nname = \"web-shop\"\nbuild = \"make.rs\"\n";
    write(shop, "Cargo.toml", cargo);
    write(shop, "make.rs", "fn main() {}\n");
    let arguments = ["init", "--output=json"];
    let document = document(migrator(&arguments).current_dir(shop));
    assert_eq!(document["exit"], 0, "{document}");
    assert_eq!(document["changed"], serde_json::json!([]), "{document}");
    assert_eq!(document["lines"][0]["path"], "make.rs", "{document}");
    assert_eq!(document["lines"][1]["path"], "src/main.rs", "{document}");
    let version = env!("CARGO_PKG_VERSION");
    let add = format!("cargo add migrator-cli@{version} migrator-runtime@{version}");
    assert_eq!(document["next"][0], add.as_str(), "{document}");
    assert_eq!(read(shop, "Cargo.toml"), cargo);
    assert_eq!(read(shop, "make.rs"), "fn main() {}\n");
}

#[test]
fn init_writes_a_tree_alone() {
    let folder = folder();
    let shop = folder.path().join("shop");
    fs::create_dir(&shop).expect("the folder is made");
    assert_init!(init(&shop, &["--folder"]));
    assert_init!(init(
        folder.path(),
        &["--folder", "billing/db", "--service=bills"]
    ));
    let check = ["check", "--deny-warnings", "--directory=billing/db"];
    let check = output(migrator(&check).current_dir(folder.path()));
    assert!(check.starts_with("exit: 0\n"), "{check}");
    let rules = read(folder.path(), "billing/AGENTS.md");
    assert!(
        rules.contains("`migrator verify --directory=db`"),
        "{rules}"
    );
    assert!(!folder.path().join("billing/Cargo.toml").exists());
}

#[test]
fn init_keeps_a_tree_that_exists() {
    let checkout = super::checkout();
    let before = files(checkout.path());
    let told = init(checkout.path(), &["--folder"]);
    assert!(told.starts_with("exit: 0\n"), "{told}");
    assert!(!told.contains("created database/migrations"), "{told}");
    let after = files(checkout.path());
    assert!(before.iter().all(|file| after.contains(file)), "{told}");
    assert!(read(checkout.path(), "AGENTS.md").contains("--service=NAME"));
}

#[test]
fn init_refuses_what_it_cannot_use() {
    let folder = folder();
    let calls: [&[&str]; 9] = [
        &[],
        &["1st"],
        &["deps"],
        &["shops/match"],
        &["migrator-cli"],
        &["shop", "--service=all"],
        &["all"],
        &["shop", "--folder=db"],
        &["--folder=.."],
    ];
    let mut outputs: Vec<String> = calls.map(|call| init(folder.path(), call)).to_vec();
    write(
        folder.path(),
        "Cargo.toml",
        "[workspace]\nmembers = [\"tools/*\"]\n",
    );
    outputs.push(init(folder.path(), &[]));
    let member = init(folder.path(), &["tools/shop"]);
    assert!(!member.contains("`members`"), "{member}");
    let other = init(folder.path(), &["store"]);
    assert!(other.contains("to `members` in `"), "{other}");
    write(folder.path(), "Cargo.toml", "[package\n");
    outputs.push(init(folder.path(), &[]));
    insta::assert_snapshot!(outputs.join("\n"));
}

#[test]
fn the_hook_refuses_a_commit_with_a_finding() {
    let folder = folder();
    let top = folder.path();
    let binaries = super::folder();
    let path = path_with_binary(binaries.path());
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        clear(&mut command);
        command
            .args(["-c", "user.name=Shop", "-c", "user.email=shop@example.org"])
            .args(arguments)
            .env("PATH", &path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .current_dir(top);
        output(&mut command)
    };
    assert!(git(&["init", "--quiet"]).starts_with("exit: 0\n"));
    let told = init(top, &["--folder", "services/shop/db"]);
    let enable = "git config core.hooksPath services/shop/.githooks";
    assert!(told.contains(enable), "{told}");
    git(&enable.split(' ').skip(1).collect::<Vec<_>>());
    git(&["add", "."]);
    let good = git(&["commit", "--message=Begin"]);
    assert!(good.starts_with("exit: 0\n"), "{good}");
    write(top, "services/shop/db/services.toml", "tiers = [\n");
    let bad = git(&["commit", "--all", "--message=Break"]);
    assert!(bad.starts_with("exit: 1\n"), "{bad}");
    assert!(bad.contains("error[M0301]"), "{bad}");
}
