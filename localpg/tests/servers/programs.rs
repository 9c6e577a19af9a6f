//! Finding Postgres's programs.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{part, stage};
use migrator_localpg::{Error, Programs};

#[test]
fn the_programs_are_found_with_their_version() {
    let programs = Programs::find(None).unwrap();
    assert!(programs.bin.join("postgres").is_file());
    assert!(programs.bin.join("initdb").is_file());
    assert!(programs.version.starts_with(&programs.major.to_string()));
}

#[test]
fn fetched_programs_go_before_those_of_the_system() {
    let system = Programs::find(None).unwrap();
    let checkout = tempfile::tempdir().unwrap();
    let fetched = checkout.path().join(".migrator/postgres");
    fs::create_dir_all(&fetched).unwrap();
    symlink(system.bin.parent().unwrap(), fetched.join("1")).unwrap();
    let programs = Programs::find(Some(checkout.path())).unwrap();
    assert_eq!(programs.bin, fs::canonicalize(&system.bin).unwrap());
}

#[test]
fn a_major_version_that_is_not_there_is_none() {
    assert_eq!(Programs::find_major(None, 7).unwrap(), None);
}

#[test]
fn a_wrong_variable_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut search = part("programs::search_as_the_variable_says", folder.path());
    assert!(
        search
            .env("MIGRATOR_PG_BIN", folder.path())
            .status()
            .unwrap()
            .success()
    );
}

#[test]
#[ignore = "a part in another test"]
fn search_as_the_variable_says() {
    let Some(bin) = stage() else { return };
    let error = Programs::find(None).unwrap_err();
    assert!(matches!(&error, Error::WrongVariable { bin: named } if *named == bin));
    assert!(error.to_string().contains(bin.to_str().unwrap()));
}

#[test]
fn the_help_for_missing_programs_names_the_script() {
    assert!(Error::NoPrograms.help().contains("MIGRATOR_PG_BIN"));
}
