//! A pool of deadpool-postgres.

use std::error::Error;

use deadpool_postgres::{Manager, Pool};
use tokio_postgres::NoTls;

use crate::QUERY;

pub(crate) async fn count(url: &str) -> Result<i64, Box<dyn Error>> {
    let manager = Manager::new(url.parse()?, NoTls);
    let pool = Pool::builder(manager).max_size(4).build()?;
    let client = pool.get().await?;
    let count = client.query_one(QUERY, &[]).await?.try_get(0)?;
    Ok(count)
}
