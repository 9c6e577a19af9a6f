//! A server with many databases.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, process};

use futures_util::stream;
use migrator_localpg::{DevServer, Programs};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Client, Fleet, Member, MemberOutcome, Report, Settings, Target, connect};

use crate::Outcome;

/// A server that waits for its disk; it runs as long as the value lives.
pub(crate) struct Server {
    folder: PathBuf,
    url: String,
    version: String,
    major: u32,
    /// The process ID of its first process.
    pub(crate) postmaster: u32,
}

/// The name of a database.
pub(crate) fn name(number: usize) -> String {
    format!("tenant_{number}")
}

impl Server {
    pub(crate) fn start() -> Outcome<Server> {
        let folder = env::temp_dir().join(format!("migrator-bench-fleet-{}", process::id()));
        fs::create_dir(&folder)?;
        let server = DevServer::start(&folder)?;
        let major = server.version().split('.').next().unwrap_or_default();
        let file = fs::read_to_string(server.folder().join("data/postmaster.pid"))?;
        let postmaster = file.lines().next().ok_or("the file has no process ID")?;
        Ok(Server {
            url: server.url(),
            version: server.version().to_owned(),
            major: major.parse()?,
            postmaster: postmaster.trim().parse()?,
            folder,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn settings(&self, name: &str) -> Result<Settings, ConnectError> {
        Ok(Settings::parse(&self.url)?.with_database(name))
    }

    /// The path of `pgbench`, and its arguments for this number of clients and connections, each with
    /// one trivial query on the database `postgres`.
    pub(crate) fn pgbench(&self, clients: usize, connections: usize) -> Outcome<process::Command> {
        let program = Programs::find_tool(None, "pgbench", self.major);
        let mut command = process::Command::new(program.ok_or("pgbench is not installed")?);
        let script = self.folder.join("one.sql");
        fs::write(&script, "SELECT 1;\n")?;
        command
            .args(["--no-vacuum", "--connect"])
            .arg(format!("--client={clients}"))
            .arg(format!("--transactions={}", connections.div_ceil(clients)))
            .arg("--file")
            .arg(&script)
            .arg(&self.url);
        Ok(command)
    }

    /// Creates databases: empty ones, or copies of another database.
    pub(crate) async fn create(
        &self,
        databases: usize,
        template: Option<&str>,
    ) -> Outcome<Vec<String>> {
        let names: Vec<String> = (0..databases).map(name).collect();
        let strategy = match self.major {
            ..=14 => "",
            _ => " STRATEGY file_copy",
        };
        let source = template.map(|template| format!(" TEMPLATE {template}{strategy}"));
        // 2,000 copies would wait for the disk for minutes.
        self.set_fsync("off").await?;
        let source = source.unwrap_or_default();
        self.each("CREATE DATABASE", &names, &source).await?;
        self.set_fsync("on").await?;
        Ok(names)
    }

    /// Creates empty databases with these names.
    pub(crate) async fn create_named(&self, names: &[String]) -> Outcome<()> {
        self.each("CREATE DATABASE", names, "").await
    }

    /// Drops the databases, and then forces a checkpoint, so that it does not slow the next run.
    pub(crate) async fn drop(&self, names: &[String]) -> Outcome<()> {
        self.each("DROP DATABASE", names, "").await
    }

    async fn each(&self, statement: &str, names: &[String], rest: &str) -> Outcome<()> {
        let client: Client = connect(Settings::parse(&self.url)?).await?;
        for name in names {
            let statement = format!("{statement} {name}{rest}");
            client.postgres().batch_execute(&statement).await?;
        }
        client.postgres().batch_execute("CHECKPOINT").await?;
        client.close().await;
        Ok(())
    }

    async fn set_fsync(&self, value: &str) -> Outcome<()> {
        let client: Client = connect(Settings::parse(&self.url)?).await?;
        let set = format!("ALTER SYSTEM SET fsync = {value}");
        client.postgres().batch_execute(&set).await?;
        let reload = "SELECT pg_reload_conf()";
        client.postgres().batch_execute(reload).await?;
        client.close().await;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors are ignored: whatever remains is in the folder for temporary files.
        let _ = DevServer::stop(&self.folder);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Migrates the databases; each one applies `steps` migrations.
pub(crate) async fn up(
    fleet: &Fleet,
    server: &Server,
    names: &[String],
    steps: usize,
) -> Outcome<Duration> {
    let members = names.iter().map(|name| Member {
        key: (),
        settings: server.settings(name),
        wave: 0,
    });
    let mut wrong = None;
    let totals = fleet
        .up(stream::iter(members), &Target::all(), |result| {
            let is_right = matches!(
                &result.outcome,
                MemberOutcome::Done(Report { done, .. }) if done.len() == steps
            );
            if !is_right {
                wrong = Some(format!("{:?}: {:?}", result.target, result.outcome));
            }
        })
        .await?;
    match wrong {
        Some(wrong) => Err(wrong.into()),
        None => Ok(totals.elapsed),
    }
}
