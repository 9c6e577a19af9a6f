//! Applies a folder of migrations with the library of another tool:
//! `apply TOOL FOLDER URL`, where the tool is `diesel`, `refinery` or `sqlx`.

use std::env;
use std::error::Error;
use std::path::Path;

use diesel::{Connection as _, PgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use sqlx::Connection as _;
use tokio_postgres::NoTls;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tool, folder, url] = arguments.as_slice() else {
        return Err("usage: apply TOOL FOLDER URL".into());
    };
    match tool.as_str() {
        "diesel" => diesel(folder, url),
        "refinery" => refinery(folder, url).await,
        "sqlx" => sqlx(folder, url).await,
        _ => Err(format!("`{tool}` is not a library of this program").into()),
    }
}

fn diesel(folder: &str, url: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = PgConnection::establish(url)?;
    let source = FileBasedMigrations::from_path(folder)?;
    let done = connection.run_pending_migrations(source);
    done.map_err(|error| error.to_string())?;
    Ok(())
}

async fn refinery(folder: &str, url: &str) -> Result<(), Box<dyn Error>> {
    let migrations = refinery::load_sql_migrations(folder)?;
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let runner = refinery::Runner::new(&migrations);
    runner.run_async(&mut client).await?;
    Ok(())
}

async fn sqlx(folder: &str, url: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let migrator = sqlx::migrate::Migrator::new(Path::new(folder)).await?;
    migrator.run_direct(None, &mut connection, false).await?;
    Ok(())
}
