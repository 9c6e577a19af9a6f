//! Migrates at start-up, and then opens a pool of another library with the same URL.
//!
//! `DATABASE_URL=… example-pools sqlx|deadpool|bb8`

mod bb8;
mod deadpool;
mod sqlx;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};

use migrator_runtime::{Migrator, Registry, Settings, Target, connect, embed_migrations};

static REGISTRY: Registry = embed_migrations!("../../database", services = ["core"]);

/// The query of each example.
const QUERY: &str = "SELECT count(*) FROM migrator.core_history";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::parse(&env::var("DATABASE_URL")?)?;
    // The URL in a form that the other libraries read, with the password.
    let url = settings.to_url();
    migrate(settings).await?;
    let applied = match env::args().nth(1).as_deref() {
        Some("sqlx") => sqlx::count(&url).await?,
        Some("deadpool") => deadpool::count(&url).await?,
        Some("bb8") => bb8::count(&url).await?,
        _ => return Err("name a pool: `sqlx`, `deadpool` or `bb8`".into()),
    };
    writeln!(io::stdout(), "{applied} migrations are applied")?;
    Ok(())
}

/// Applies the pending migrations over a connection of its own, before the pool opens.
async fn migrate(settings: Settings) -> Result<(), Box<dyn Error>> {
    let mut client = connect(settings).await?;
    Migrator::new(&REGISTRY)
        .up(&mut client, Target::all())
        .await?;
    client.close().await;
    Ok(())
}
