//! The shipped binary: this platform's tree and the commands over it.

static REGISTRY: migrator_runtime::model::Registry = migrator_runtime::embed_migrations!();
fn main() {
    println!("{}", REGISTRY.migrations.len());
}
