//! Watches the platform's tree, so that a migration that is added rebuilds the service.

fn main() {
    migrator_model::build_script::check("../../database");
}
