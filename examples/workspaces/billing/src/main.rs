//! A service of another team: it applies its own migrations when it starts.

use std::env;
use std::error::Error;

use migrator_runtime::{Migrator, Registry, Settings, Target, connect, embed_migrations};

static REGISTRY: Registry = embed_migrations!();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut client = connect(Settings::parse(&env::var("DATABASE_URL")?)?).await?;
    let report = Migrator::new(&REGISTRY)
        .up(&mut client, Target::all())
        .await?;
    println!("applied migrations: {}", report.done.len());
    let invoices = client
        .postgres()
        .query("SELECT id FROM billing.invoices", &[])
        .await?;
    println!("{} invoices", invoices.len());
    client.close().await;
    Ok(())
}
