//! Flags, variables and the settings file.

use std::fs;

use super::{folder, write};
use crate::assert_output;
use crate::support::{database, migrator, on, output};

#[test]
fn an_unreachable_server_ends_with_exit_code_5() {
    let folder = folder();
    let url = "postgresql://app:s3cr3t@127.0.0.1:1/shop";
    assert_output!(&mut on(url, folder.path(), &["status"]));
    let output = output(&mut on(
        "postgresql://app:s3cr3t@[/shop",
        folder.path(),
        &["status"],
    ));
    assert!(
        output.starts_with("exit: 2\n") && !output.contains("s3cr3t"),
        "{output}"
    );
}

#[test]
fn a_flag_overrides_the_environment_and_the_environment_overrides_the_file() {
    let (url, folder) = (database(), folder());
    let nowhere = "postgresql://nobody@127.0.0.1:1/nowhere";
    write(folder.path(), ".env", &format!("DATABASE_URL={nowhere}\n"));
    let from_file = output(migrator(&["status"]).current_dir(folder.path()));
    assert!(from_file.starts_with("exit: 5\n"), "{from_file}");
    let from_environment = output(&mut on(&url, folder.path(), &["status"]));
    assert!(
        from_environment.starts_with("exit: 0\n"),
        "{from_environment}"
    );
    let flag = format!("--database-url={nowhere}");
    let from_flag = output(&mut on(&url, folder.path(), &["status", &flag]));
    assert!(from_flag.starts_with("exit: 5\n"), "{from_flag}");
    write(folder.path(), ".env", "MIGRATOR_LOCK_WAIT=soon\n");
    assert_output!(&mut on(&url, folder.path(), &["up", "--service=core"]));
}

#[test]
fn an_invalid_line_of_the_settings_file_is_reported_and_not_shown() {
    let folder = folder();
    let file = "# ours\nDATABASE_URL='postgresql://app:s3cr3t@db/shop\n";
    write(folder.path(), ".env", file);
    assert_output!(migrator(&["status"]).current_dir(folder.path()));
    let explain = output(migrator(&["explain", "M0104"]).current_dir(folder.path()));
    assert!(explain.starts_with("exit: 0\n"), "{explain}");
    fs::write(folder.path().join(".env"), b"A=\xff\nPGHOST=\xff\n").expect("the file is written");
    assert_output!(migrator(&["status"]).current_dir(folder.path()));
}

#[test]
fn the_settings_file_may_have_lines_of_other_tools() {
    let folder = folder();
    let ours = "DATABASE_URL=postgresql://nobody@127.0.0.1:1/nowhere";
    let file = format!("\u{feff}# ours\r\nexport {ours}\r\nNAME=two words\r\nKEY='{{\r\n");
    write(folder.path(), ".env", &file);
    let output = output(migrator(&["status"]).current_dir(folder.path()));
    assert!(output.starts_with("exit: 5\n"), "{output}");
}

#[test]
fn a_misspelt_variable_is_reported_with_the_nearest_name() {
    let (url, folder) = (database(), folder());
    let mut status = on(&url, folder.path(), &["status"]);
    let with = output(status.env("MIGRATOR_SHEMA", "x").env("MIGRATOR_OTHER", "x"));
    let warning = "warning: no command reads the variable `MIGRATOR_SHEMA`; \
                   did you mean `MIGRATOR_SCHEMA`?\n";
    assert!(
        with.starts_with("exit: 0\n") && with.ends_with(warning),
        "{with}"
    );
    assert_eq!(with.matches("warning").count(), 1, "{with}");
}
