//! Watches and checks the platform's tree, the SQL too: cargo builds the service again after a new
//! migration, and refuses a faulty script.

fn main() {
    migrator_analysis::check_in_build_script("../../database");
}
