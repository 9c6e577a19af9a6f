//! `create`: the pair of files that it writes.

use std::fs;

use super::{checkout, folder, write};
use crate::assert_output;
use crate::support::{migrator, output};

#[test]
fn create_makes_a_pair_that_passes_the_check_with_a_warning() {
    let checkout = checkout();
    let arguments = ["create", "--service=shop", "--name=Add order totals"];
    let created = output(migrator(&arguments).current_dir(checkout.path()));
    assert!(created.starts_with("exit: 0\n"), "{created}");
    assert_eq!(
        created.matches("_add_order_totals.").count(),
        2,
        "{created}"
    );
    let check = output(migrator(&["check"]).current_dir(checkout.path()));
    assert!(check.starts_with("exit: 0\n"), "{check}");
    assert_eq!(check.matches("warning[M0244]").count(), 1, "{check}");
    assert!(check.contains("_add_order_totals.up.sql:7:1"), "{check}");
}

#[test]
fn create_refuses_an_invalid_name_or_service() {
    let checkout = checkout();
    let create = |service: &str, name: &str| {
        let arguments = [
            "create",
            &format!("--service={service}"),
            &format!("--name={name}"),
        ];
        output(migrator(&arguments).current_dir(checkout.path()))
    };
    insta::assert_snapshot!(create("shpo", "add_x"));
    insta::assert_snapshot!(create("shop", "größe"));
    let outside = folder();
    assert_output!(migrator(&["create", "--service=shop", "--name=x"]).current_dir(outside.path()));
    write(checkout.path(), "database/services.toml", "tiers = [\n");
    insta::assert_snapshot!(create("shop", "add_x"));
}

#[test]
fn create_writes_both_files_or_neither() {
    let checkout = checkout();
    let services = checkout.path().join("database/migrations");
    fs::remove_dir_all(services.join("shop_service")).expect("it is there");
    write(checkout.path(), "database/migrations/shop_service", "");
    let create = ["create", "--service=shop", "--name=add_x"];
    assert_output!(migrator(&create).current_dir(checkout.path()));
    fs::remove_file(services.join("shop_service")).expect("it is there");
    let created = || output(migrator(&create).current_dir(checkout.path()));
    assert!(created().starts_with("exit: 0\n"));
    // Two migrations of the same second get different versions.
    assert!(created().starts_with("exit: 0\n"));
    let files = fs::read_dir(services.join("shop_service")).expect("the folder was made");
    assert_eq!(files.count(), 4);
    let check = output(migrator(&["check"]).current_dir(checkout.path()));
    assert!(
        check.contains("2 migrations of 1 service in database"),
        "{check}"
    );
}
