//! The packages of the crates: what a registry demands of them, what each contains, and that they
//! compile together.
//!
//! cargo packs the crates without compiling them. It would compile the dependencies of each package
//! anew, so the test compiles all packages at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// The crates that are not published, beside the examples: the program with this platform's tree, the
/// measurements, and the tests of the program without a tree.
const PRIVATE: &[&str] = &[
    "migrator",
    "migrator-bench",
    "migrator-figures",
    "migrator-program-tests",
];

/// The categories that our crates use. A registry refuses a category that it does not know.
const CATEGORIES: &[&str] = &[
    "asynchronous",
    "command-line-utilities",
    "database",
    "development-tools::build-utils",
    "development-tools::procedural-macro-helpers",
    "development-tools::testing",
    "network-programming",
    "parser-implementations",
];

/// What a package may contain beside the files of `src/` and `pages/`. cargo adds the second line.
const FILES: &[&str] = &[
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "build.rs",
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
];

/// A registry refuses a package of more bytes, packed.
const LIMIT: u64 = 10_000_000;

fn is_private(name: &str) -> bool {
    PRIVATE.contains(&name) || name.starts_with("example-")
}

fn cargo(arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO"));
    let output = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}:\n{error}");
    String::from_utf8(output.stdout).expect("cargo prints text")
}

/// The crates of the workspace, as `cargo metadata` describes them.
fn crates() -> Vec<Value> {
    let metadata = cargo(
        &["metadata", "--format-version=1", "--no-deps", "--offline"],
        Path::new(TOP),
    );
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo prints JSON");
    list(&metadata["packages"])
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn each_crate_for_users_can_be_published() {
    for package in crates() {
        let name = text(&package["name"]);
        assert_eq!(package["publish"].is_null(), !is_private(name), "{name}");
        if is_private(name) {
            continue;
        }
        assert!(name.starts_with("migrator-"), "{name}");
        for key in ["description", "license", "readme"] {
            assert!(!text(&package[key]).is_empty(), "{name} has no {key}");
        }
        let documented = &package["metadata"]["docs"]["rs"]["all-features"];
        assert_eq!(documented, &Value::Bool(true), "{name}: docs.rs");
        let keywords = list(&package["keywords"]);
        assert!((1..=5).contains(&keywords.len()), "{name}: {keywords:?}");
        for keyword in keywords.iter().map(text) {
            let is_word = keyword
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-');
            assert!(is_word && keyword.len() <= 20, "{name}: {keyword}");
        }
        let categories = list(&package["categories"]);
        assert!((1..=5).contains(&categories.len()), "{name}");
        for category in categories.iter().map(text) {
            assert!(CATEGORIES.contains(&category), "{name}: {category}");
        }
        for dependency in list(&package["dependencies"]) {
            let on = text(&dependency["name"]);
            // cargo leaves a test's dependency without a version out of the package.
            let is_left_out = dependency["kind"] == "dev" && dependency["req"] == "*";
            let is_known = dependency["path"].is_null() || !is_private(on);
            assert!(is_known || is_left_out, "{name} depends on {on}");
            let has_version = dependency["req"] != "*" || is_left_out;
            assert!(has_version, "{name} depends on any version of {on}");
        }
    }
}

#[test]
fn the_packages_contain_nothing_but_their_crates_and_compile() {
    let packed = tempfile::tempdir().expect("a folder can be made");
    let packages = pack(packed.path());
    for (name, folder) in &packages {
        check_content(name, folder);
    }
    compile(&packages);
}

/// Packs all crates that are published. Returns the unpacked folder of each package.
fn pack(target: &Path) -> BTreeMap<String, PathBuf> {
    let target_argument = target.display().to_string();
    let mut arguments = vec!["package", "--workspace", "--no-verify", "--allow-dirty"];
    arguments.extend(["--offline", "--quiet", "--target-dir", &target_argument]);
    let crates = crates();
    for name in crates.iter().map(|package| text(&package["name"])) {
        if is_private(name) {
            arguments.extend(["--exclude", name]);
        }
    }
    cargo(&arguments, Path::new(TOP));
    let archives = target.join("package");
    let public = crates
        .iter()
        .filter(|package| !is_private(text(&package["name"])));
    public
        .map(|package| {
            let name = text(&package["name"]);
            let stem = format!("{name}-{}", text(&package["version"]));
            let archive = archives.join(format!("{stem}.crate"));
            let size = fs::metadata(&archive).expect("cargo wrote it").len();
            assert!(size < LIMIT, "{name} has {size} bytes");
            let mut tar = Command::new("tar");
            tar.arg("-xzf").arg(&archive).arg("-C").arg(&archives);
            assert!(tar.status().expect("tar runs").success(), "{name}");
            (name.to_owned(), archives.join(stem))
        })
        .collect()
}

fn check_content(name: &str, folder: &Path) {
    let files = files(folder);
    for file in &files {
        let is_source = file.starts_with("src") || file.starts_with("pages");
        let is_known = FILES.iter().any(|known| file == Path::new(known));
        assert!(is_source || is_known, "{name} contains {}", file.display());
        let is_snapshot = file
            .extension()
            .is_some_and(|extension| extension == "snap");
        assert!(!is_snapshot, "{name} contains {}", file.display());
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let packed = fs::read(folder.join(licence)).expect("the package has its licences");
        let own = fs::read(Path::new(TOP).join(licence)).expect("we have them too");
        assert!(packed == own, "{name}: {licence} differs");
    }
    let readme = fs::read_to_string(folder.join("README.md")).expect("the package has a README");
    assert!(readme.starts_with(&format!("# {name}\n")), "{name}: README");
}

/// The files in a folder and its folders, relative to it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(folder).expect("it lies in the folder");
                found.insert(relative.to_owned());
            }
        }
    }
    found
}

/// Checks all packages in a workspace of their own, with the versions of our Cargo.lock. The workspace
/// stays for the next test, which then compiles only what changed.
fn compile(packages: &BTreeMap<String, PathBuf>) {
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    let members: Vec<&String> = packages.keys().collect();
    let mut manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n\
         [profile.dev]\ndebug = false\n\n[patch.crates-io]\n"
    );
    for (name, folder) in packages {
        mirror(folder, &workspace.join(name));
        manifest.extend([name, " = { path = \"", name, "\" }\n"]);
    }
    write(&workspace.join("Cargo.toml"), manifest.as_bytes());
    fs::copy(
        Path::new(TOP).join("Cargo.lock"),
        workspace.join("Cargo.lock"),
    )
    .expect("a file can be copied");
    let target = workspace.join("target").display().to_string();
    cargo(
        &[
            "check",
            "--workspace",
            "--offline",
            "--quiet",
            "--target-dir",
            &target,
        ],
        &workspace,
    );
}

/// Makes `to` the same as `from`. A file that is the same already keeps its time.
fn mirror(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    let wanted = files(from);
    for file in files(to).difference(&wanted) {
        fs::remove_file(to.join(file)).expect("a file can be removed");
    }
    for file in wanted {
        write(
            &to.join(&file),
            &fs::read(from.join(&file)).expect("a file can be read"),
        );
    }
}

fn write(path: &Path, content: &[u8]) {
    if fs::read(path).is_ok_and(|present| present == content) {
        return;
    }
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    fs::write(path, content).expect("a file can be written");
}
