//! The server, and the databases of the programs.

use std::path::PathBuf;

use migrator_localpg::DevServer;
use tokio_postgres::NoTls;
use tokio_postgres::config::Host;

use crate::contenders::Outcome;

/// A server that waits for its disk; it runs as long as the value lives.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    server: DevServer,
    /// The folder of the socket.
    socket: PathBuf,
    port: u16,
}

impl Server {
    pub(crate) fn start() -> Outcome<Server> {
        let folder = tempfile::Builder::new().prefix("peers").tempdir()?;
        let server = DevServer::start(folder.path())?;
        let config: tokio_postgres::Config = server.url().parse()?;
        let Some(Host::Unix(socket)) = config.get_hosts().first() else {
            return Err("the host is no folder".into());
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        Ok(Server {
            folder,
            socket: socket.clone(),
            port,
            server,
        })
    }

    pub(crate) fn version(&self) -> &str {
        self.server.version()
    }

    /// The file of the socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket.join(format!(".s.PGSQL.{}", self.port))
    }

    /// The URL of a database through the socket.
    pub(crate) fn url(&self, database: &str) -> String {
        let folder = self.socket.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{folder}:{}/{database}", self.port)
    }

    /// Creates a database, instead of one with this name.
    pub(crate) async fn create(&self, database: &str) -> Outcome<()> {
        self.drop(database).await?;
        self.execute(&format!("CREATE DATABASE {database}")).await?;
        self.execute("CHECKPOINT").await
    }

    /// Drops a database, and ends its sessions.
    pub(crate) async fn drop(&self, database: &str) -> Outcome<()> {
        self.execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
            .await
    }

    pub(crate) async fn execute(&self, statement: &str) -> Outcome<()> {
        let (client, connection) = tokio_postgres::connect(&self.url("postgres"), NoTls).await?;
        tokio::spawn(connection);
        Ok(client.batch_execute(statement).await?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = DevServer::stop(self.folder.path()) {
            eprintln!("warning: cannot stop the server: {error}");
        }
    }
}
