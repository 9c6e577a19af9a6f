//! Whether a service may start: reads the state of a database, and waits for it.

mod compare;
mod wait;

use migrator_runtime::{DatabaseState, Migrator, Registry, Target};

use crate::support::{Database, Script, within};

const WHOLE: [Script<'static>; 4] = [
    ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
    ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ("tenant", 3, "CREATE TABLE c ();", "DROP TABLE c;"),
    ("auth", 4, "CREATE TABLE d ();", "DROP TABLE d;"),
];

async fn state(database: &Database, registry: &'static Registry) -> DatabaseState {
    let client = database.client().await;
    let migrator = Migrator::new(registry);
    within("a state", migrator.state(&client, &Target::all()))
        .await
        .expect("a state")
}
