//! The programs that are commands. Their time includes their start and their connection.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::contenders::{Outcome, Work};
use crate::scripts::Scripts;

/// Where `scripts/get-peers.sh` installs commands.
const FETCHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/bin");

/// The path of a command, if it is installed.
fn path(name: &str) -> Option<PathBuf> {
    let fetched = Path::new(FETCHED).join(name);
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let others: Vec<PathBuf> = std::env::split_paths(&on_path)
        .map(|one| one.join(name))
        .collect();
    [fetched]
        .into_iter()
        .chain(others)
        .find(|one| one.is_file())
}

/// The name and the version of a command, if it is installed.
pub(crate) fn version(name: &'static str) -> Option<(&'static str, String)> {
    let mut command = std::process::Command::new(path(name)?);
    let output = command.arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let is_version = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    let version = text.split_whitespace().find(is_version)?;
    Some((name, version.to_owned()))
}

/// A folder with the scripts as the command reads them.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// Writes a file for each migration.
    pub(crate) fn write(
        scripts: &[Scripts],
        name: impl Fn(&Scripts) -> String,
        text: impl Fn(&Scripts) -> String,
    ) -> Outcome<Folder> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("migrations"))?;
        for script in scripts {
            let file = folder.path().join("migrations").join(name(script));
            fs::write(file, text(script))?;
        }
        Ok(Folder(folder))
    }

    pub(crate) fn dbmate(scripts: &[Scripts]) -> Outcome<Folder> {
        let text = |script: &Scripts| {
            format!(
                "-- migrate:up\n{}\n-- migrate:down\n{}",
                script.up, script.down
            )
        };
        Folder::write(scripts, |script| format!("{}_t.sql", script.version), text)
    }

    pub(crate) fn pgmt(scripts: &[Scripts]) -> Outcome<Folder> {
        let name = |script: &Scripts| format!("{}_t.sql", script.version);
        let folder = Folder::write(scripts, name, |script| script.up.to_owned())?;
        fs::write(
            folder.0.path().join("pgmt.yaml"),
            "directories:\n  migrations: migrations\n",
        )?;
        Ok(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// One message with all migrations, or one for each, in a file.
pub(crate) async fn psql(url: &str, text: String) -> Outcome<Duration> {
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), text)?;
    let mut command = command("psql")?;
    command
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
        .arg(format!("--dbname={url}"))
        .arg("--file")
        .arg(file.path());
    time(&mut command).await
}

/// dbmate reverts one migration with each command, so `down` runs as many commands.
pub(crate) async fn dbmate(url: &str, scripts: &[Scripts], work: Work) -> Outcome<Duration> {
    let folder = Folder::dbmate(scripts)?;
    let runs = match work {
        Work::Up => 1,
        Work::Down => scripts.len(),
    };
    let mut took = Duration::ZERO;
    for _ in 0..runs {
        let mut command = command("dbmate")?;
        command
            .args([
                "--no-dump-schema",
                "--migrations-dir",
                "migrations",
                "--url",
            ])
            .arg(for_dbmate(url))
            .arg(match work {
                Work::Up => "migrate",
                Work::Down => "down",
            })
            .current_dir(folder.path());
        took += time(&mut command).await?;
    }
    Ok(took)
}

/// dbmate takes the folder of the socket as a parameter, and uses TLS by default.
fn for_dbmate(url: &str) -> String {
    let socket = url
        .split_once("@%2F")
        .and_then(|(_, rest)| rest.split_once(':'));
    match socket.and_then(|(folder, rest)| Some((folder, rest.split_once('/')?))) {
        Some((folder, (port, database))) => {
            let folder = folder.replace("%2F", "/");
            format!("postgres://postgres@:{port}/{database}?socket=/{folder}&sslmode=disable")
        }
        None => url.to_owned(),
    }
}

pub(crate) async fn pgmt(url: &str, scripts: &[Scripts]) -> Outcome<Duration> {
    let folder = Folder::pgmt(scripts)?;
    let mut command = command("pgmt")?;
    command
        .args(["--quiet", "migrate", "apply", "--target-url", url])
        .current_dir(folder.path());
    time(&mut command).await
}

fn command(name: &str) -> Outcome<Command> {
    let path = path(name).ok_or_else(|| format!("`{name}` is not installed"))?;
    let mut command = Command::new(path);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Runs a command, and returns how long it took.
async fn time(command: &mut Command) -> Outcome<Duration> {
    let started = Instant::now();
    let output = command.stderr(Stdio::piped()).output().await?;
    let took = started.elapsed();
    match output.status.success() {
        true => Ok(took),
        false => {
            let program = command.as_std().get_program().display().to_string();
            Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}
