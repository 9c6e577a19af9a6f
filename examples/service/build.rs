//! Watches the platform's tree, so that cargo builds the service again after a new migration.

fn main() {
    migrator_model::build_script::check("../../database");
}
