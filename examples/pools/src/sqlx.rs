//! A pool of sqlx.

use sqlx::postgres::PgPoolOptions;

use crate::QUERY;

pub(crate) async fn count(url: &str) -> Result<i64, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
    let count = sqlx::query_scalar(QUERY).fetch_one(&pool).await?;
    pool.close().await;
    Ok(count)
}
