//! What the arguments mean together with the environment.
//!
//! A flag wins over the environment, the environment over `.env`.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use migrator_model::{Code, nearest};
use migrator_runtime::Options;

use super::dot_env;
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;

/// How many connections work side by side, unless it is said: see docs/performance.md.
const JOBS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// Our variables, without `MIGRATOR_`.
const VARIABLES: [&str; 7] = [
    "DIRECTORY",
    "JOBS",
    "LOCK_TIMEOUT",
    "LOCK_WAIT",
    "PG_BIN",
    "SCHEMA",
    "STATEMENT_TIMEOUT",
];

/// The environment, with `.env` behind it.
#[derive(Default)]
pub(crate) struct Environment {
    file: HashMap<String, String>,
}

impl Environment {
    /// Reads `.env` of the current folder or of one above it, if there is one.
    pub(crate) fn read() -> Result<Environment, Failure> {
        let Some((path, shown)) = dot_env() else {
            return Ok(Environment::default());
        };
        let bytes = fs::read(path).map_err(|error| unreadable(&shown, &error))?;
        let file = dot_env::read(&bytes, |name| env::var(name).ok());
        let file = file.map_err(|fault| malformed(&shown, &fault))?;
        Ok(Environment { file })
    }

    /// A variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = env::var(name).ok().or_else(|| self.file.get(name).cloned());
        value.filter(|value| !value.is_empty())
    }

    /// The tree's folder, if one was named.
    pub(crate) fn directory(&self, global: &args::Global) -> Option<PathBuf> {
        let named = global.directory.clone();
        named.or_else(|| self.get("MIGRATOR_DIRECTORY").map(PathBuf::from))
    }

    /// Variables that are set and that no command reads, each with the one that was meant.
    pub(crate) fn misspelt(&self) -> Vec<(String, String)> {
        let set = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let set: BTreeSet<String> = set.chain(self.file.keys().cloned()).collect();
        let misspelt = set.into_iter().filter_map(|name| {
            let word = name.strip_prefix("MIGRATOR_")?;
            let meant = nearest(word, VARIABLES).filter(|meant| *meant != word)?;
            let meant = format!("MIGRATOR_{meant}");
            Some((name, meant))
        });
        misspelt.collect()
    }

    /// The runtime's options for a command that only reads.
    pub(crate) fn history(&self, history: &args::History) -> Result<Options, Failure> {
        let mut options = Options::default().application(application());
        let schema = history.schema.clone();
        if let Some(schema) = self.parsed(schema, "MIGRATOR_SCHEMA", args::schema)? {
            options.schema = schema;
        }
        let variable = "MIGRATOR_LOCK_TIMEOUT";
        if let Some(limit) = self.parsed(history.lock_timeout, variable, args::duration)? {
            options.lock_timeout = limit;
        }
        Ok(options)
    }

    /// The runtime's options for a command that runs scripts.
    pub(crate) fn run(&self, run: &args::Run) -> Result<Options, Failure> {
        let mut options = self.writes(&run.writes)?;
        let variable = "MIGRATOR_STATEMENT_TIMEOUT";
        if let Some(limit) = self.parsed(run.statement_timeout, variable, args::duration)? {
            options.statement_timeout = limit;
        }
        Ok(options)
    }

    /// The runtime's options for a command that writes the history.
    pub(crate) fn writes(&self, writes: &args::Writes) -> Result<Options, Failure> {
        let mut options = self.history(&writes.history)?;
        let variable = "MIGRATOR_LOCK_WAIT";
        if let Some(limit) = self.parsed(writes.lock_wait, variable, args::duration)? {
            options.lock_wait = limit;
        }
        Ok(options)
    }

    /// How many connections work side by side.
    pub(crate) fn jobs(
        &self,
        flag: Option<NonZeroUsize>,
        options: &mut Options,
    ) -> Result<(), Failure> {
        options.jobs = self.side_by_side(flag)?.unwrap_or(JOBS);
        Ok(())
    }

    /// How much is done side by side, if that is said.
    pub(crate) fn side_by_side(
        &self,
        flag: Option<NonZeroUsize>,
    ) -> Result<Option<NonZeroUsize>, Failure> {
        self.parsed(flag, "MIGRATOR_JOBS", args::jobs)
    }

    /// A flag, or else what a variable says.
    fn parsed<T>(
        &self,
        flag: Option<T>,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let Some(text) = self.get(variable).filter(|_| flag.is_none()) else {
            return Ok(flag);
        };
        parse(&text).map(Some).map_err(|help| {
            let message = format!("invalid value `{text}` of {variable}");
            Failure::new(Code::M0901, Exit::Usage, message, help)
        })
    }
}

/// The file `.env` of the current folder or of one above it, and how it is named.
fn dot_env() -> Option<(PathBuf, String)> {
    let here = env::current_dir().ok()?;
    let mut files = here.ancestors().map(|folder| folder.join(".env"));
    let path = files.find(|path| path.is_file())?;
    let shown = path.strip_prefix(&here).unwrap_or(&path);
    let shown = shown.display().to_string();
    Some((path, shown))
}

fn unreadable(shown: &str, error: &io::Error) -> Failure {
    let message = format!("the file `{shown}` cannot be read");
    let help = "make it readable, or remove it";
    Failure::new(Code::M0901, Exit::Usage, message, help).because(error.to_string())
}

/// Names the line and does not show it: it may hold a password.
fn malformed(shown: &str, fault: &dot_env::Fault) -> Failure {
    let dot_env::Fault { line, reason } = fault;
    Failure::new(
        Code::M0901,
        Exit::Usage,
        format!("cannot read line {line} of the file `{shown}`: {reason}"),
        "write NAME='value', with single quotes: in them `$` and blanks have no meaning",
    )
}

/// What the server is told of us: the program and its process.
pub(crate) fn application() -> String {
    format!("migrator (process {})", std::process::id())
}
