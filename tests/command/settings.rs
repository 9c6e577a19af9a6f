//! Flags, variables and the settings file.

use std::fs;

use super::{folder, write};
use crate::assert_said;
use crate::support::{database, migrator, on, said};

#[test]
fn an_unreachable_server_ends_with_exit_code_5() {
    let folder = folder();
    let url = "postgresql://app:s3cr3t@127.0.0.1:1/shop";
    assert_said!(&mut on(url, folder.path(), &["status"]));
    let said = said(&mut on(
        "postgresql://app:s3cr3t@[/shop",
        folder.path(),
        &["status"],
    ));
    assert!(
        said.starts_with("exit: 2\n") && !said.contains("s3cr3t"),
        "{said}"
    );
}

#[test]
fn a_flag_overrides_the_environment_and_the_environment_overrides_the_file() {
    let (url, folder) = (database(), folder());
    let nowhere = "postgresql://nobody@127.0.0.1:1/nowhere";
    write(folder.path(), ".env", &format!("DATABASE_URL={nowhere}\n"));
    let from_file = said(migrator(&["status"]).current_dir(folder.path()));
    assert!(from_file.starts_with("exit: 5\n"), "{from_file}");
    let from_environment = said(&mut on(&url, folder.path(), &["status"]));
    assert!(
        from_environment.starts_with("exit: 0\n"),
        "{from_environment}"
    );
    let flag = format!("--database-url={nowhere}");
    let from_flag = said(&mut on(&url, folder.path(), &["status", &flag]));
    assert!(from_flag.starts_with("exit: 5\n"), "{from_flag}");
    write(folder.path(), ".env", "MIGRATOR_LOCK_WAIT=soon\n");
    assert_said!(&mut on(&url, folder.path(), &["up", "--service=core"]));
}

#[test]
fn an_invalid_line_of_the_settings_file_is_reported_and_not_shown() {
    let folder = folder();
    let file = "# ours\nDATABASE_URL='postgresql://app:s3cr3t@db/shop\n";
    write(folder.path(), ".env", file);
    assert_said!(migrator(&["status"]).current_dir(folder.path()));
    let explain = said(migrator(&["explain", "M0104"]).current_dir(folder.path()));
    assert!(explain.starts_with("exit: 0\n"), "{explain}");
    fs::write(folder.path().join(".env"), b"A=\xff\nPGHOST=\xff\n").expect("the file is written");
    assert_said!(migrator(&["status"]).current_dir(folder.path()));
}

#[test]
fn the_settings_file_may_have_lines_of_other_tools() {
    let folder = folder();
    let ours = "DATABASE_URL=postgresql://nobody@127.0.0.1:1/nowhere";
    let file = format!("\u{feff}# ours\r\nexport {ours}\r\nNAME=two words\r\nKEY='{{\r\n");
    write(folder.path(), ".env", &file);
    let said = said(migrator(&["status"]).current_dir(folder.path()));
    assert!(said.starts_with("exit: 5\n"), "{said}");
}

#[test]
fn a_misspelt_variable_is_reported_with_the_nearest_name() {
    let (url, folder) = (database(), folder());
    let mut status = on(&url, folder.path(), &["status", "-q"]);
    let with = said(status.env("MIGRATOR_SHEMA", "x").env("MIGRATOR_OTHER", "x"));
    let warning = "warning: no command reads the variable `MIGRATOR_SHEMA`; \
                   did you mean `MIGRATOR_SCHEMA`?\n";
    assert!(
        with.starts_with("exit: 0\n") && with.ends_with(warning),
        "{with}"
    );
    assert_eq!(with.matches("warning").count(), 1, "{with}");
}
