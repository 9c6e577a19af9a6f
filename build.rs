//! Watches `database/` and checks the whole tree before anything compiles.

fn main() {
    migrator_model::build_script::check("database");
}
