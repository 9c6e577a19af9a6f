//! Finds `postgres` and `initdb`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::account::Account;
use crate::error::Error;

/// The variable that replaces the search.
const VARIABLE: &str = "MIGRATOR_PG_BIN";

/// The folder in a checkout into which `get-postgres.sh` unpacks.
const FETCHED: &str = ".migrator/postgres";

/// Where packages install Postgres: a folder, and the prefix of its subfolders, whose names end in
/// a major version and which have a folder `bin`.
const SYSTEM: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", ""),                          // Debian
    ("/usr", "pgsql-"),                                   // the Postgres project's RPMs
    ("/opt/homebrew/opt", "postgresql@"),                 // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql@"),                    // Homebrew on Intel
    ("/Applications/Postgres.app/Contents/Versions", ""), // Postgres.app
];

/// The folder with the programs `postgres` and `initdb`, and their version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Programs {
    /// The folder.
    pub bin: PathBuf,
    /// The version as `postgres --version` prints it, such as `15.14` or `18beta1`.
    pub version: String,
    /// The major version, such as 15.
    pub major: u32,
}

impl Programs {
    /// Finds the programs in the first of these places that has both, if the server's user can run
    /// them:
    ///
    /// | | place | of several |
    /// | --- | --- | --- |
    /// | 1 | `MIGRATOR_PG_BIN`; nothing else when it is set | |
    /// | 2 | `<checkout>/.migrator/postgres/<major>/bin`, from `scripts/get-postgres.sh` | newest |
    /// | 3 | `PATH` | first |
    /// | 4 | the system's packages, Homebrew's, Postgres.app's | newest |
    ///
    /// Without a checkout, the nearest folder counts that has `.migrator/postgres`, from the working
    /// folder upwards.
    ///
    /// # Errors
    ///
    /// There are no programs, or `MIGRATOR_PG_BIN` is wrong.
    pub fn find(checkout: Option<&Path>) -> Result<Self, Error> {
        Self::search(checkout, |_| true)?.ok_or(Error::NoPrograms)
    }

    /// Finds the programs of one major version, in the places and the order of [`Programs::find`].
    ///
    /// # Errors
    ///
    /// `MIGRATOR_PG_BIN` is wrong. `None` is no error: there are no such programs.
    pub fn find_major(checkout: Option<&Path>, major: u32) -> Result<Option<Self>, Error> {
        Self::search(checkout, |programs| programs.major == major)
    }

    /// Finds another program of Postgres, such as `pg_dump`, of this major version or a later one, in
    /// the places and the order of [`Programs::find`].
    #[must_use]
    pub fn find_tool(checkout: Option<&Path>, tool: &str, major: u32) -> Option<PathBuf> {
        let named = variable();
        named
            .into_iter()
            .chain(places(checkout))
            .map(|bin| bin.join(tool))
            .find(|path| tool_major(path).is_some_and(|found| found >= major))
    }

    /// The places that [`Programs::find`] searches. While these are the same, the result is the same.
    pub(crate) fn places_searched() -> String {
        let bins = match variable() {
            Some(bin) => vec![bin],
            None => places(None),
        };
        let bins: Vec<_> = bins.iter().map(|bin| bin.to_string_lossy()).collect();
        bins.join("\n")
    }

    /// The path of one of the programs.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    fn search(
        checkout: Option<&Path>,
        suits: impl Fn(&Self) -> bool,
    ) -> Result<Option<Self>, Error> {
        let account = Account::of_servers()?;
        if let Some(bin) = variable() {
            let programs = Self::at(&bin, account).ok_or(Error::WrongVariable { bin })?;
            return Ok(Some(programs).filter(suits));
        }
        Ok(places(checkout)
            .iter()
            .filter_map(|bin| Self::at(bin, account))
            .find(suits))
    }

    /// The programs in a folder, if the server's user can run them from another folder.
    fn at(bin: &Path, account: Account) -> Option<Self> {
        // The server's user may be unable to follow a link in a checkout, but can use its target.
        let bin = fs::canonicalize(bin).ok()?;
        let (postgres, initdb) = (bin.join("postgres"), bin.join("initdb"));
        (postgres.is_file() && initdb.is_file()).then_some(())?;
        let output = account
            .command(postgres)
            .arg("--version")
            .stderr(Stdio::null())
            .output();
        let (version, major) = parse_version(&String::from_utf8(output.ok()?.stdout).ok()?)?;
        Some(Self {
            bin,
            version,
            major,
        })
    }
}

fn tool_major(path: &Path) -> Option<u32> {
    let output = Command::new(path)
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    let (_, major) = parse_version(&String::from_utf8(output.ok()?.stdout).ok()?)?;
    Some(major)
}

fn variable() -> Option<PathBuf> {
    let bin = env::var_os(VARIABLE).filter(|bin| !bin.is_empty());
    bin.map(PathBuf::from)
}

/// Parses `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn parse_version(line: &str) -> Option<(String, u32)> {
    let version = line.split_whitespace().nth(2)?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((version.to_owned(), digits.parse().ok()?))
}

fn places(checkout: Option<&Path>) -> Vec<PathBuf> {
    let fetched = match checkout {
        Some(checkout) => Some(checkout.join(FETCHED)),
        None => env::current_dir().ok().and_then(|folder| {
            folder
                .ancestors()
                .map(|folder| folder.join(FETCHED))
                .find(|folder| folder.is_dir())
        }),
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = fetched
        .map(|folder| newest_first(&folder, ""))
        .unwrap_or_default();
    places.extend(env::split_paths(&path).filter(|folder| folder.is_absolute()));
    places.extend(
        SYSTEM
            .iter()
            .flat_map(|(parent, prefix)| newest_first(parent.as_ref(), prefix)),
    );
    places
}

/// `<parent>/<prefix><major>/bin` of every installed major version.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut majors: Vec<u32> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()
        })
        .collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors
        .iter()
        .map(|major| parent.join(format!("{prefix}{major}")).join("bin"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        let parsed =
            |line| parse_version(line).map(|(version, major)| format!("{version}/{major}"));
        assert_eq!(
            parsed("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n").as_deref(),
            Some("15.14/15")
        );
        assert_eq!(
            parsed("postgres (PostgreSQL) 18beta1\n").as_deref(),
            Some("18beta1/18")
        );
        assert_eq!(parsed("sh: not found\n"), None);
    }

    #[test]
    fn the_newest_major_version_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["pgsql-9", "pgsql-17", "pgsql-latest", "18"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let bins = newest_first(folder.path(), "pgsql-");
        assert_eq!(
            bins,
            ["pgsql-17/bin", "pgsql-9/bin"].map(|bin| folder.path().join(bin))
        );
    }
}
