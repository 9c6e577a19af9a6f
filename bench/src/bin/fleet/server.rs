//! A server with many databases.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, process};

use futures_util::stream;
use migrator_bench::proxy::Proxy;
use migrator_localpg::{DevServer, Programs, free_kib};
use migrator_runtime::connect::ConnectError;
use migrator_runtime::{Client, Fleet, Member, MemberOutcome, Report, Settings, Target, connect};

use crate::Outcome;

/// The start of the name of a server's folder; the process ID of the program follows.
const PREFIX: &str = "migrator-bench-fleet-";

/// The disk space of a server without databases, with its log of changes (WAL).
const SERVER_BYTES: u64 = 2_000_000_000;

/// How much a database grows beyond its template: the server's cache of its catalogs, and pending
/// migrations.
const GROWTH_BYTES: u64 = 700_000;

/// A server that waits for its disk; it runs as long as the value lives.
pub(crate) struct Server {
    folder: PathBuf,
    /// The folder with the data, which may be elsewhere.
    data: PathBuf,
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
        sweep()?;
        let folder = env::temp_dir().join(format!("{PREFIX}{}", process::id()));
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
            data: server.folder().to_owned(),
            folder,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Starts a proxy in front of the server, and returns the URL of the server through it.
    pub(crate) fn proxy(&self) -> Outcome<(Proxy, String)> {
        let socket = self.url.split_once('@').and_then(|(_, place)| {
            let (folder, rest) = place.split_once(':')?;
            let (port, _) = rest.split_once('/')?;
            Some(Path::new(&folder.replace("%2F", "/")).join(format!(".s.PGSQL.{port}")))
        });
        let proxy = Proxy::start(&socket.ok_or("the URL has no socket")?)?;
        let port = proxy.port();
        let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        Ok((proxy, url))
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
        self.check_space(databases, template.unwrap_or("template1"))
            .await?;
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

    /// Fails if the disk has no space for as many databases like this one.
    async fn check_space(&self, databases: usize, like: &str) -> Outcome<()> {
        let client: Client = connect(Settings::parse(&self.url)?).await?;
        let query = "SELECT pg_database_size($1::text::name)";
        let row = client.postgres().query_one(query, &[&like]).await?;
        client.close().await;
        let each = u64::try_from(row.get::<_, i64>(0))? + GROWTH_BYTES;
        let needed = SERVER_BYTES + each * u64::try_from(databases)?;
        let free = free_kib(&self.data).ok_or("`df` does not report the free space")? * 1_024;
        match free < needed {
            true => Err(format!(
                "{databases} databases need {} MB, but `{}` has {} MB free; make space, set TMPDIR \
                 to a folder of another disk, or give a smaller number of databases",
                needed / 1_000_000,
                self.data.display(),
                free / 1_000_000
            )
            .into()),
            false => Ok(()),
        }
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
        remove(&self.folder);
    }
}

/// Removes the servers of killed programs.
fn sweep() -> Outcome<()> {
    for entry in fs::read_dir(env::temp_dir())?.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            remove(&entry.path());
        }
    }
    Ok(())
}

/// Stops a server and removes its data. What cannot be removed remains in the folder for temporary
/// files.
fn remove(folder: &Path) {
    let data = DevServer::running(folder).map(|server| server.folder().to_owned());
    let _ = DevServer::stop(folder);
    if let Some(data) = data {
        let _ = fs::remove_dir_all(data);
    }
    let _ = fs::remove_dir_all(folder);
}

/// The settings of a database on the server with this URL.
pub(crate) fn settings(url: &str, name: &str) -> Result<Settings, ConnectError> {
    Ok(Settings::parse(url)?.with_database(name))
}

/// Migrates databases on the server with this URL. Each one applies `steps` migrations.
pub(crate) async fn up(
    fleet: &Fleet,
    url: &str,
    names: &[String],
    steps: usize,
) -> Outcome<Duration> {
    let members = names.iter().map(|name| Member {
        key: (),
        settings: settings(url, name),
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
