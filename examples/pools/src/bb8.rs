//! A pool of bb8.

use std::error::Error;

use bb8_postgres::PostgresConnectionManager;
use bb8_postgres::bb8::Pool;
use tokio_postgres::NoTls;

use crate::QUERY;

pub(crate) async fn count(url: &str) -> Result<i64, Box<dyn Error>> {
    let manager = PostgresConnectionManager::new_from_stringlike(url, NoTls)?;
    let pool = Pool::builder().max_size(4).build(manager).await?;
    let client = pool.get().await?;
    let count = client.query_one(QUERY, &[]).await?.try_get(0)?;
    Ok(count)
}
