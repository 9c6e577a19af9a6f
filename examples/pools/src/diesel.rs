//! diesel, over diesel-async.

use std::error::Error;

use diesel::QueryDsl as _;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};

diesel::table! {
    /// The history of the service `core`.
    migrator.core_history (version) {
        /// The version of an applied migration.
        version -> BigInt,
    }
}

pub(crate) async fn count(url: &str) -> Result<i64, Box<dyn Error>> {
    let mut connection = AsyncPgConnection::establish(url).await?;
    let count = core_history::table.count();
    Ok(count.get_result(&mut connection).await?)
}
