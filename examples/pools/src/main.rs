//! Migrates at start-up, and then queries with another library and the same URL.
//!
//! `DATABASE_URL=… example-pools sqlx|diesel|deadpool|bb8`

mod bb8;
mod deadpool;
mod diesel;
mod sqlx;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};

use migrator_runtime::{Migrator, Registry, Settings, Target, connect, embed_migrations};

static REGISTRY: Registry = embed_migrations!("../../database", services = ["core"]);

/// The query of each example but diesel, which writes the same one itself.
const QUERY: &str = "SELECT count(*) FROM migrator.core_history";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::parse(&env::var("DATABASE_URL")?)?;
    // The URL in a form that the other libraries read, with the password.
    let url = settings.to_url();
    migrate(settings).await?;
    let applied = match env::args().nth(1).as_deref() {
        Some("sqlx") => sqlx::count(&url).await?,
        Some("diesel") => diesel::count(&url).await?,
        Some("deadpool") => deadpool::count(&url).await?,
        Some("bb8") => bb8::count(&url).await?,
        _ => return Err("name a library: `sqlx`, `diesel`, `deadpool` or `bb8`".into()),
    };
    writeln!(io::stdout(), "{applied} migrations are applied")?;
    Ok(())
}

/// Applies the pending migrations over a connection of its own, before the other library connects.
async fn migrate(settings: Settings) -> Result<(), Box<dyn Error>> {
    let mut client = connect(settings).await?;
    Migrator::new(&REGISTRY)
        .up(&mut client, Target::all())
        .await?;
    client.close().await;
    Ok(())
}
