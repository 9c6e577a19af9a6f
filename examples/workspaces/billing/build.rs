//! Checks the tree and its SQL, and notices a new migration.

fn main() {
    migrator_analysis::check_in_build_script("database");
}
