//! Tests which changes make cargo build again.

mod support;

use support::tree::{MIGRATIONS, script};
use support::{Crate, MAIN};

const NEW: &str = "database/migrations/core/20250101120000_5a1b2c3d_more";

impl Crate {
    fn assert_rebuilt(&self, why: &str) {
        let build = self.build();
        assert!(build.succeeded, "{why}: {}", build.stderr);
        assert!(build.compiled, "{why} builds again");
        assert_eq!(self.output(), self.expected(), "{why} is in the program");
    }

    fn assert_fresh(&self, why: &str) {
        let build = self.build();
        assert!(build.succeeded, "{}", build.stderr);
        assert!(
            !build.ran_build_script,
            "{why} does not run the build script"
        );
        assert!(!build.compiled, "{why} does not build again");
    }

    /// Renames both files of a migration.
    fn rename_both(&self, from: usize, to: &str) {
        for direction in ["up", "down"] {
            self.rename(&script(from, direction), &format!("{to}.{direction}.sql"));
        }
    }
}

#[test]
fn with_a_build_script_every_change_of_the_tree_builds_again_and_no_other() {
    let example = Crate::with_build_script("watched");
    example.assert_rebuilt("the first build");
    example.assert_fresh("nothing");

    example.write("README.md", "a file beside the tree");
    example.write("docs/page.md", "a folder beside the tree");
    example.assert_fresh("a file beside the tree");

    example.write(&script(0, "up"), "CREATE TABLE changed (id bigint);\n");
    example.assert_rebuilt("a changed up script");
    example.write(&script(0, "down"), "DROP TABLE changed;\n");
    example.assert_rebuilt("a changed down script");

    example.write(&format!("{NEW}.up.sql"), "CREATE TABLE more (id bigint);\n");
    example.write(&format!("{NEW}.down.sql"), "DROP TABLE more;\n");
    example.assert_rebuilt("a new migration");
    example.rename_both(
        4,
        "database/migrations/tenant_service/20240105120000_3a1b2c3d_index",
    );
    example.assert_rebuilt("a renamed migration");
    example.remove(&format!("{NEW}.up.sql"));
    example.remove(&format!("{NEW}.down.sql"));
    example.assert_rebuilt("a deleted migration");

    let manifest = std::fs::read_to_string(example.path("database/services.toml")).unwrap();
    example.write(
        "database/services.toml",
        &manifest.replace("Who rents", "Who pays"),
    );
    example.assert_rebuilt("a changed manifest");
    example.assert_fresh("nothing");
}

#[test]
fn with_a_build_script_every_file_that_goes_missing_stops_the_build() {
    let example = Crate::with_build_script("missing");
    assert!(example.build().succeeded);
    for (i, name) in MIGRATIONS.iter().enumerate() {
        let (folder, stem) = name.split_once('/').unwrap();
        let down = script(i, "down");
        example.rename(&down, "kept");
        let build = example.build();
        let findings = build.findings();
        assert!(!build.succeeded);
        let expected = format!(
            "error: missing@0.0.0: database/migrations/{folder}/{stem}.up.sql: \
             this migration has no down script [M0104]"
        );
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(findings[0].starts_with(&expected), "{findings:#?}");
        assert!(
            findings[0].contains(&format!("`{stem}.down.sql`")),
            "{findings:#?}"
        );
        example.rename("kept", &down);
    }
    example.remove("database/services.toml");
    let build = example.build();
    assert!(build.findings()[0].contains("database/services.toml: the manifest does not exist"));
}

#[test]
fn a_build_script_reports_every_fault_as_an_error_of_its_own() {
    let example = Crate::with_build_script("faults");
    example.write("database/migrations/core/a.txt", "");
    example.write("database/migrations/audit/b.txt", "");
    let build = example.build();
    let starts = ["audit/b.txt", "core/a.txt"]
        .map(|path| format!("error: faults@0.0.0: database/migrations/{path}: "));
    let findings = build.findings();
    assert_eq!(findings.len(), starts.len(), "{findings:#?}");
    for (found, start) in findings.iter().zip(starts) {
        assert!(
            found.starts_with(&start) && found.contains("[M0111]"),
            "{found}"
        );
    }
}

/// Without a build script, cargo watches the embedded files, but does not notice a new file.
#[test]
fn without_a_build_script_only_the_embedded_files_are_watched() {
    let example = Crate::new("unwatched");
    example.assert_rebuilt("the first build");
    example.assert_fresh("nothing");
    example.write(&script(0, "up"), "CREATE TABLE changed (id bigint);\n");
    example.assert_rebuilt("a changed up script");
    example.write(&script(0, "down"), "DROP TABLE changed;\n");
    example.assert_rebuilt("a changed down script");
    let manifest = std::fs::read_to_string(example.path("database/services.toml")).unwrap();
    example.write(
        "database/services.toml",
        &manifest.replace("Who rents", "Who pays"),
    );
    example.assert_rebuilt("a changed manifest");
    example.rename_both(
        4,
        "database/migrations/tenant_service/20240105120000_3a1b2c3d_index",
    );
    example.assert_rebuilt("a renamed migration");

    example.remove(&script(3, "down"));
    let build = example.build();
    assert!(!build.succeeded);
    assert!(build.findings()[0].contains("[M0104]"), "{}", build.stderr);
    example.remove(&script(3, "up"));
    example.assert_rebuilt("a deleted migration");

    example.write(&format!("{NEW}.up.sql"), "CREATE TABLE more (id bigint);\n");
    example.write(&format!("{NEW}.down.sql"), "DROP TABLE more;\n");
    example.write("src/main.rs", &format!("{MAIN}\n"));
    example.assert_rebuilt("a new migration once anything else is built");
}
