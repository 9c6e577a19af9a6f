//! Watches `database/` and checks the whole tree, the SQL too, before anything compiles.

fn main() {
    migrator_analysis::check_in_build_script("database");
}
