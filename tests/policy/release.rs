//! `scripts/release.sh`, run with this build's program: what the archive contains, the checksums, the
//! bill of materials, and that the same commit gives the same files.
//!
//! The static program of a release is not built here: it takes minutes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const TOP: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_migrator");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the archive contains. `tar` prints the mode, the owner, the size, the time and the path.
const CONTENT: &str = "\
drwxr-xr-x 0/0
drwxr-xr-x 0/0 completions/
-rw-r--r-- 0/0 CHANGELOG.md
-rw-r--r-- 0/0 LICENSE
-rw-r--r-- 0/0 LICENSE-APACHE
-rw-r--r-- 0/0 LICENSE-MIT
-rw-r--r-- 0/0 README.md
-rw-r--r-- 0/0 completions/_migrator
-rw-r--r-- 0/0 completions/_migrator.ps1
-rw-r--r-- 0/0 completions/migrator.bash
-rw-r--r-- 0/0 completions/migrator.elv
-rw-r--r-- 0/0 completions/migrator.fish
drwxr-xr-x 0/0 man/
drwxr-xr-x 0/0 man/man1/
-rw-r--r-- 0/0 man/man1/migrator.1
-rwxr-xr-x 0/0 migrator
";

/// Runs a program in a folder, and returns what it prints.
fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).output();
    let output = output.expect("the program runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}:\n{error}");
    String::from_utf8(output.stdout).expect("the program prints text")
}

/// `scripts/release.sh`, without the network.
fn release(arguments: &[&str]) -> Output {
    let mut command = Command::new(Path::new(TOP).join("scripts/release.sh"));
    command.args(arguments).env("CARGO_NET_OFFLINE", "true");
    command.output().expect("the script runs")
}

/// The files of a release whose program is this build's.
struct Release {
    folder: TempDir,
    name: String,
}

impl Release {
    fn new(target: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().display().to_string();
        let output = release(&["--binary", PROGRAM, "--target", target, "--folder", &path]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let name = format!("migrator-{VERSION}-{target}");
        Self { folder, name }
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.path().join(format!("{}{ending}", self.name))
    }

    fn sums(&self) -> String {
        fs::read_to_string(self.folder.path().join("SHA256SUMS")).expect("there are checksums")
    }
}

/// The target that rustc builds this test for.
fn host() -> String {
    let version = run("rustc", &["-vV"], Path::new(TOP));
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc prints it").to_owned()
}

/// Whether the bill of materials cannot be made. The gate sets this variable if cargo-cyclonedx cannot
/// be installed, and warns that this test is skipped.
fn is_skipped() -> bool {
    std::env::var_os("MIGRATOR_WITHOUT_CYCLONEDX").is_some()
}

#[test]
fn a_release_is_reproducible_and_has_archive_checksums_and_bill_of_materials() {
    if is_skipped() {
        return;
    }
    let target = host();
    let release = Release::new(&target);
    let mut files: Vec<String> = fs::read_dir(release.folder.path())
        .expect("the folder can be read")
        .map(|entry| entry.expect("the folder can be read").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    files.sort();
    let (archive, bill) = (
        format!("{}.tar.gz", release.name),
        format!("{}.cdx.json", release.name),
    );
    assert_eq!(files, ["SHA256SUMS".to_owned(), bill, archive]);
    let checked = run(
        "sha256sum",
        &["--check", "--strict", "SHA256SUMS"],
        release.folder.path(),
    );
    assert_eq!(checked.lines().count(), 2, "{checked}");

    check_archive(&release);
    check_bill(&release, &target);
    check_start(&release, &target);
    assert_eq!(release.sums(), Release::new(&target).sums());
}

fn check_archive(release: &Release) {
    let archive = release.path(".tar.gz").display().to_string();
    let folder = release.folder.path();
    let listed = run("tar", &["--utc", "--full-time", "-tvzf", &archive], folder);
    let committed = run("git", &["log", "-1", "--format=@%ct"], Path::new(TOP));
    let date = ["--utc", "+%FT%T", "--date", committed.trim()];
    let date = run("date", &date, Path::new(TOP));
    let (mut content, mut days) = (BTreeSet::new(), BTreeSet::new());
    let mut pages = BTreeSet::new();
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let words: [&str; 6] = words.try_into().expect("tar prints six words");
        let [mode, owner, _, day, time, path] = words;
        let path = path
            .strip_prefix(&release.name)
            .expect("all is in one folder");
        if let Some(page) = path.strip_prefix("/man/man1/migrator-") {
            pages.insert(page.trim_end_matches(".1").to_owned());
            continue;
        }
        let entry = format!("{mode} {owner} {}", path.trim_start_matches('/'));
        content.insert(entry.trim_end().to_owned());
        days.insert(format!("{day}T{time}"));
    }
    let expected: BTreeSet<String> = CONTENT.lines().map(str::to_owned).collect();
    assert_eq!(content, expected);
    assert!(pages.contains("up") && pages.contains("man"), "{pages:?}");
    assert_eq!(days, BTreeSet::from([date.trim().to_owned()]));

    run("tar", &["-xzf", &archive], folder);
    let unpacked = folder.join(&release.name);
    let read = |path: &Path| fs::read(path).expect("the file can be read");
    assert!(read(&unpacked.join("migrator")) == read(Path::new(PROGRAM)));
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let own = read(&Path::new(TOP).join(licence));
        assert!(read(&unpacked.join(licence)) == own, "{licence}");
    }
    for file in fs::read_dir(unpacked.join("completions")).expect("it is a folder") {
        let path = file.expect("it can be read").path();
        let text = fs::read_to_string(&path).expect("it is text");
        assert!(text.contains("MIGRATOR_COMPLETE"), "{}", path.display());
    }
}

fn check_bill(release: &Release, target: &str) {
    let text = fs::read_to_string(release.path(".cdx.json")).expect("it is there");
    let bill: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert_eq!(bill["specVersion"], "1.5");
    // Two bills of one commit are the same: neither has a random number.
    assert!(bill["serialNumber"].is_null());
    assert!(!text.contains(TOP), "it names this checkout");
    assert!(
        !text.contains("/tmp/"),
        "it names a folder for temporary files"
    );
    let program = &bill["metadata"]["component"];
    assert_eq!(program["version"], VERSION);

    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = bill["components"].as_array().expect("it is a list");
    let listed: BTreeSet<String> = components
        .iter()
        .map(|component| {
            format!(
                "{} v{}",
                text(&component["name"]),
                text(&component["version"])
            )
        })
        .collect();
    let package = text(&program["name"]);
    let tree = [
        "tree",
        "--offline",
        "--locked",
        "--edges=normal",
        "--prefix=none",
    ];
    let of = ["--format={p}", "--package", &package, "--target", target];
    let tree = run(
        env!("CARGO"),
        &[&tree[..], &of[..]].concat(),
        Path::new(TOP),
    );
    let linked = tree.lines().skip(1).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    let missing: Vec<String> = linked.filter(|name| !listed.contains(name)).collect();
    assert!(missing.is_empty(), "not in the bill: {missing:?}");
    for component in components {
        let name = text(&component["name"]);
        assert!(
            !["insta", "proptest", "opentelemetry"].contains(&&*name),
            "{name}"
        );
        let licences = component["licenses"].as_array();
        assert!(licences.is_some_and(|list| !list.is_empty()), "{name}");
        let is_ours = name.starts_with("migrator-");
        assert!(
            is_ours || component["hashes"][0]["alg"] == "SHA-256",
            "{name}"
        );
    }
}

/// Types what `docs/start.md` does with a release, and compares what it prints.
fn check_start(release: &Release, target: &str) {
    let page = include_str!("../../docs/start.md").replace("x86_64-unknown-linux-musl", target);
    let enter = format!("```console\n$ cd target/release-{VERSION}\n");
    let (_, session) = page.split_once(&enter).expect("the page enters the folder");
    let (session, _) = session.split_once("```").expect("the block ends");
    for part in session.split("$ ").skip(1) {
        let (command, shown) = part.split_once('\n').expect("a command is a line");
        let printed = run("sh", &["-c", command], release.folder.path());
        // The last command prints a commit and its day.
        let general = |text: &str| text.split(" (").next().unwrap_or_default().to_owned();
        let sorted = |text: &str| text.lines().map(general).collect::<BTreeSet<String>>();
        assert_eq!(sorted(&printed), sorted(shown), "{command}");
        assert_eq!(printed.contains(" ("), shown.contains(" ("), "{command}");
    }
}

/// The table of `docs/start.md`: each folder has a package whose program is called `migrator`.
#[test]
fn each_folder_that_can_be_installed_has_the_program() {
    let page = include_str!("../../docs/start.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `cargo install --path "));
    let folders: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(folders, ["cli", "."]);
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline"];
    let metadata = run(env!("CARGO"), &arguments, Path::new(TOP));
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("it is a list");
    for folder in folders {
        let manifest = Path::new(TOP).join(folder).join("Cargo.toml");
        let manifest = fs::canonicalize(manifest).expect("it is there");
        let of_folder = packages.iter().find(|one| {
            let path = one["manifest_path"].as_str().map(Path::new);
            path == Some(manifest.as_path())
        });
        let targets = of_folder.and_then(|one| one["targets"].as_array());
        let programs = targets.into_iter().flatten();
        let programs = programs.filter(|one| one["kind"][0] == "bin");
        let names: Vec<&str> = programs.filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["migrator"], "{folder}");
    }
}

#[test]
fn a_release_that_cannot_be_made_says_why_and_writes_nothing() {
    let used = tempfile::tempdir().expect("a folder can be made");
    fs::write(used.path().join("notes.txt"), "").expect("a file can be written");
    let folder = used.path().display().to_string();
    let missing = used.path().join("migrator").display().to_string();
    let cases: [(&[&str], &str); 6] = [
        (&["--version"], "unexpected argument `--version`"),
        (&["--target"], "`--target` has no value"),
        (&["--binary", ""], "`--binary` has no value"),
        (&["--binary", &missing], "is not a program"),
        (
            &["--binary", PROGRAM, "--target", "one", "--target", "two"],
            "one program has one target",
        ),
        (&["--binary", PROGRAM, "--folder", &folder], "is not empty"),
    ];
    for (arguments, message) in cases {
        let output = release(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{error}");
        assert!(error.starts_with("error: "), "{error}");
        assert!(error.contains(message), "{error}");
        assert!(error.contains("\nhelp: "), "{error}");
    }
    let left = fs::read_dir(used.path()).expect("the folder can be read");
    assert_eq!(left.count(), 1);
}
