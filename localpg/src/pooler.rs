//! `PgBouncer` in front of a temporary server, for tests.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::error::{Error, cannot};
use crate::throwaway::Throwaway;

/// A running `PgBouncer`. Dropping it stops the process.
#[derive(Debug)]
pub struct Pooler {
    child: Child,
    port: u32,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // The process may have ended by itself. Its files are removed with the server's folder.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long the pooler may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The number in the name of the first pooler's socket.
const FIRST_PORT: u32 = 6432;

/// The number of poolers of this process so far.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Pooler {
    /// Starts a pooler in the server's folder, as the server's user, and waits until it listens.
    /// `settings` are lines of `pgbouncer.ini`, such as `pool_mode = session`.
    ///
    /// # Errors
    ///
    /// `PgBouncer` is not installed, or does not start.
    pub fn start(server: &Throwaway, settings: &str) -> Result<Pooler, Error> {
        let port = FIRST_PORT + COUNT.fetch_add(1, Ordering::Relaxed);
        let place = server.folder().display();
        let file = server.folder().join(format!("pgbouncer-{port}.ini"));
        let log = server.folder().join(format!("pgbouncer-{port}.log"));
        let text = format!(
            "[databases]\n* = host={place} port=5432 user=postgres\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = {port}\nunix_socket_dir = {place}\n\
             auth_type = any\n{settings}\n"
        );
        fs::write(&file, text).map_err(cannot("write", &file))?;
        let output = fs::File::create(&log).map_err(cannot("write", &log))?;
        let child = server
            .command(program())?
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .map_err(cannot("run", Path::new(program())))?;
        let mut pooler = Pooler { child, port };
        let socket = server.folder().join(format!(".s.PGSQL.{port}"));
        let started = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            let has_ended = !matches!(pooler.child.try_wait(), Ok(None));
            if has_ended || started.elapsed() > PATIENCE {
                return Err(Error::Program {
                    program: program().into(),
                    output: fs::read_to_string(&log).unwrap_or_default(),
                });
            }
            sleep(Duration::from_millis(5));
        }
        Ok(pooler)
    }

    /// The URL of a database through the pooler, from its URL at the server.
    #[must_use]
    pub fn url(&self, direct: &str) -> String {
        direct.replace(":5432/", &format!(":{}/", self.port))
    }
}

/// Debian's package installs it in a folder that is only in root's PATH.
fn program() -> &'static str {
    match Path::new("/usr/sbin/pgbouncer").exists() {
        true => "/usr/sbin/pgbouncer",
        false => "pgbouncer",
    }
}
