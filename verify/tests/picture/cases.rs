//! What a picture shows of hard cases.

use crate::support::{database, picture, run};
use migrator_verify::differences;

#[tokio::test]
async fn a_table_is_told_once() {
    let (_, client) = database().await;
    let before = picture(&client).await;
    run(
        &client,
        "CREATE TABLE a (id serial PRIMARY KEY, t text DEFAULT 'x')",
    )
    .await;
    let after = picture(&client).await;
    let told: Vec<String> = differences(&before, &after)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["table public.a appeared"]);
}
