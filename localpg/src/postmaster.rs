//! Reads `postmaster.pid`, the file of a running server.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The parts of `postmaster.pid` that we need. Postgres's `pidfile.h` numbers the lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Postmaster {
    /// Line 1.
    pub(crate) pid: u32,
    /// Lines 4 and 5.
    pub(crate) socket: Socket,
    /// Line 8.
    ready: bool,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
}

impl Postmaster {
    /// Reads the file of a data folder. It may be that of a crashed server.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    /// The server of the data folder, if it accepts sessions.
    pub(crate) fn ready(data: &Path) -> Option<Self> {
        Self::read(data).filter(|found| found.ready && found.socket.accepts())
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let [
            pid,
            _data,
            _since,
            port,
            folder,
            _address,
            _memory,
            status,
            ..,
        ] = lines[..]
        else {
            return None;
        };
        let socket = Socket {
            folder: PathBuf::from(folder),
            port: port.parse().ok()?,
        };
        Some(Self {
            pid: pid.parse().ok()?,
            socket,
            // The status of a standby that accepts sessions (`miscadmin.h`, PM_STATUS_STANDBY).
            ready: matches!(status, "ready" | "standby"),
        })
    }
}

impl Socket {
    pub(crate) fn accepts(&self) -> bool {
        let path = self.folder.join(format!(".s.PGSQL.{}", self.port));
        path.is_absolute() && UnixStream::connect(path).is_ok()
    }

    /// A URL for libpq and tokio-postgres. The host is the percent-encoded folder. The port is always
    /// given, because psql would otherwise use `PGPORT`.
    pub(crate) fn url(&self, database: &str) -> String {
        use std::os::unix::ffi::OsStrExt;
        let host = percent_encode(self.folder.as_os_str().as_bytes());
        let database = percent_encode(database.as_bytes());
        format!("postgresql://postgres@{host}:{}/{database}", self.port)
    }
}

fn percent_encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            text + char::from(*byte).encode_utf8(&mut [0; 4])
        }
        _ => text + &format!("%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_starts_or_stops_is_not_ready() {
        let file = |status| format!("42\n/data\n1700000000\n5432\n/tmp/a b\n\n  123 0\n{status}\n");
        let socket = Socket {
            folder: "/tmp/a b".into(),
            port: 5432,
        };
        let expected = Postmaster {
            pid: 42,
            socket,
            ready: true,
        };
        assert_eq!(Postmaster::parse(&file("ready   ")), Some(expected));
        assert!(!Postmaster::parse(&file("starting")).unwrap().ready);
        assert!(!Postmaster::parse(&file("stopping")).unwrap().ready);
        assert_eq!(Postmaster::parse("42\n/data\n1700000000\n5432\n"), None);
    }

    #[test]
    fn a_url_escapes_what_is_not_a_plain_letter() {
        let socket = Socket {
            folder: "/tmp/a b".into(),
            port: 5432,
        };
        assert_eq!(
            socket.url("x/é"),
            "postgresql://postgres@%2Ftmp%2Fa%20b:5432/x%2F%C3%A9"
        );
    }
}
