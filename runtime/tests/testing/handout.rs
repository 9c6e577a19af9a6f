//! Two hundred tests, each with its own database of a whole platform.
//!
//! `cargo run -p migrator-bench --bin handout` runs them and prints how long they waited.

use std::{env, fs};

use migrator_runtime::Error;
use migrator_runtime::testing::TestDatabase;

use crate::registries::REGISTRY;
use crate::support::ask;

/// The variable with the folder for the times.
const TIMES: &str = "MIGRATOR_TESTING_TIMES";

macro_rules! hundreds {
    ($($module:ident)*) => { $(mod $module { crate::handout::ten!(a b c d e f g h i j); })* };
}

macro_rules! ten {
    ($($name:ident)*) => { $(
        #[migrator_runtime::test(crate::registries::REGISTRY)]
        async fn $name(db: migrator_runtime::testing::TestDatabase) -> Result<(), migrator_runtime::Error> {
            crate::handout::is_clean(db).await
        }
    )* };
}

pub(crate) use ten;

hundreds!(a b c d e f g h i j k l m n o p q r s t);

/// Asserts that the database is migrated and unused.
pub(crate) async fn is_clean(db: TestDatabase) -> Result<(), Error> {
    let client = db.client().await?;
    let sql = "CREATE TABLE public.mine AS SELECT pg_catalog.current_database() AS name; \
               SELECT name FROM public.mine; SELECT count(*) FROM migrator.history";
    let migrations = REGISTRY.len().to_string();
    let found = ask(client.postgres(), sql).await;
    assert_eq!(found, [db.name().to_owned(), migrations]);
    if let Some(folder) = env::var_os(TIMES) {
        let micros = db.handed_out_in().as_micros().to_string();
        fs::write(std::path::Path::new(&folder).join(db.name()), micros).unwrap();
    }
    Ok(())
}
