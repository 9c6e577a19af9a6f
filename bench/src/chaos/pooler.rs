//! Runs the command behind `PgBouncer`, in transaction mode and in session mode.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::rc::Rc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::judge::Rest;
use super::scene::{DOWN, Reported, Scene, UP, Way};
use super::server::{PATIENCE, Server};
use super::tree::{Indexes, Shape};
use super::{Outcome, Random, Setting, Struck, Tally, tally};

const SHAPE: Shape = Shape {
    services: 4,
    each: 12,
    indexes: Indexes::Concurrent,
};

/// The settings of a pooler.
#[derive(Clone, Copy, Debug)]
struct Mode {
    name: &'static str,
    settings: &'static str,
    kills: Kills,
}

/// Whether runs are killed as well.
#[derive(Clone, Copy, Debug)]
enum Kills {
    Some,
    /// In session mode, `PgBouncer` 1.18 reuses a session while messages of a killed client are
    /// still in progress. It sends its reset query in the middle of them, and the next client may
    /// then wait for ever.
    None,
}

/// Two runs at once need two sessions each: one for the lock, and one that works.
const MODES: [Mode; 3] = [
    Mode {
        name: "transaction",
        settings: "pool_mode = transaction\ndefault_pool_size = 10",
        kills: Kills::Some,
    },
    Mode {
        name: "transaction, small",
        settings: "pool_mode = transaction\ndefault_pool_size = 4\nserver_reset_query =",
        kills: Kills::Some,
    },
    Mode {
        name: "session",
        settings: "pool_mode = session\ndefault_pool_size = 10",
        kills: Kills::None,
    },
];

/// The process of a pooler in front of a server.
struct Pooler {
    child: Child,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // The process may have ended by itself. Its files are removed with the server's folder.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A database behind a pooler.
struct Pooled {
    scene: Scene,
    _pooler: Pooler,
}

/// In transaction mode.
pub(super) fn by_transaction(setting: &Setting, tries: usize) -> Tally {
    behind(MODES[0], setting, tries)
}

/// In transaction mode, with few connections and without a reset query.
pub(super) fn by_transaction_small(setting: &Setting, tries: usize) -> Tally {
    behind(MODES[1], setting, tries)
}

/// In session mode.
pub(super) fn by_session(setting: &Setting, tries: usize) -> Tally {
    behind(MODES[2], setting, tries)
}

fn behind(mode: Mode, setting: &Setting, tries: usize) -> Tally {
    let fault = format!("PgBouncer, {}", mode.name);
    let make = || Pooled::new(mode, setting);
    tally(
        &fault,
        setting,
        tries,
        make,
        |pooled, number, random| match (number % 3, mode.kills) {
            (0, _) | (_, Kills::None) => pooled.used(),
            (_, Kills::Some) => pooled.killed(random),
        },
    )
}

impl Pooled {
    fn new(mode: Mode, setting: &Setting) -> Outcome<Pooled> {
        let server = Rc::new(Server::quick()?);
        let url = server.database()?;
        let (pooler, port) = start(&server, mode)?;
        // The host of the URL is the folder of both sockets.
        let way = Way {
            through: url.replace(":5432/", &format!(":{port}/")),
            rest: Rest::IdleSessions,
            url,
        };
        Ok(Pooled {
            scene: Scene::through(setting, SHAPE, server, way)?,
            _pooler: pooler,
        })
    }

    /// Runs up, status and down, and then two runs at once.
    fn used(&mut self) -> Outcome<Struck> {
        self.scene.finish(UP)?;
        self.scene.run(&["status", "--check"])?;
        self.scene.finish(DOWN)?;
        let both = [self.start_up()?, self.start_up()?];
        for process in both {
            process.end()?.succeeded()?;
        }
        self.scene.expect_everything()?;
        Ok(Struck::Midway)
    }

    fn start_up(&self) -> Outcome<super::victim::Running> {
        self.scene.victim.start(&self.scene.through, UP)
    }

    fn killed(&mut self, random: &mut Random) -> Outcome<Struck> {
        self.scene
            .interrupted(random, Reported::IsThere, |_, running| running.kill())
    }
}

/// Starts a pooler in the server's folder, as the server's user, and waits until it listens.
fn start(server: &Server, mode: Mode) -> Outcome<(Pooler, u16)> {
    const PORT: u16 = 6432;
    let folder = server.throwaway.folder();
    let place = folder.display();
    let file = folder.join("pgbouncer.ini");
    let log = folder.join("pgbouncer.log");
    let text = format!(
        "[databases]\n* = host={place} port=5432 user=postgres\n\
         [pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\nunix_socket_dir = {place}\n\
         auth_type = any\n{}\n",
        mode.settings
    );
    fs::write(&file, text)?;
    let output = fs::File::create(&log)?;
    let child = server
        .throwaway
        .command(program())?
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(output)
        .spawn()
        .map_err(|error| {
            format!("`pgbouncer` does not run; `scripts/prepare.sh pgbouncer` brings it: {error}")
        })?;
    let mut pooler = Pooler { child };
    let socket = folder.join(format!(".s.PGSQL.{PORT}"));
    let started = Instant::now();
    while !accepts(&socket) {
        if pooler.child.try_wait()?.is_some() || started.elapsed() > PATIENCE {
            return Err(format!("pgbouncer: {}", fs::read_to_string(&log)?).into());
        }
        sleep(Duration::from_millis(5));
    }
    Ok((pooler, PORT))
}

/// Debian's package installs it in a folder that is only in root's PATH.
fn program() -> &'static str {
    match Path::new("/usr/sbin/pgbouncer").exists() {
        true => "/usr/sbin/pgbouncer",
        false => "pgbouncer",
    }
}

fn accepts(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}
