//! What the arguments mean together with the environment.
//!
//! A flag overrides the environment, and the environment overrides `.env`.

use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use migrator_model::{Code, nearest};
use migrator_runtime::{Options, Shard};

use super::dot_env;
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;

/// The default number of connections: see docs/performance.md.
const JOBS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// Kubernetes sets this variable in each pod of an Indexed Job.
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// The names of our variables, without `MIGRATOR_`.
const VARIABLES: [&str; 9] = [
    "DIRECTORY",
    "JOBS",
    "LOCK_TIMEOUT",
    "LOCK_WAIT",
    "PG_BIN",
    "SCHEMA",
    "SHARDS",
    "SINGLE_CONNECTION",
    "STATEMENT_TIMEOUT",
];

/// The environment, and the variables of `.env`.
#[derive(Default)]
pub(crate) struct Environment {
    file: HashMap<String, String>,
}

impl Environment {
    /// Reads the file `.env` in the current folder or in a folder above, if there is one.
    pub(crate) fn read() -> Result<Environment, Failure> {
        let Some((path, shown)) = dot_env() else {
            return Ok(Environment::default());
        };
        let bytes = fs::read(path).map_err(|error| unreadable(&shown, &error))?;
        let file = dot_env::read(&bytes, |name| env::var(name).ok());
        let file = file.map_err(|fault| malformed(&shown, &fault))?;
        Ok(Environment { file })
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = env::var(name).ok().or_else(|| self.file.get(name).cloned());
        value.filter(|value| !value.is_empty())
    }

    /// The tree's folder, if the user named one.
    pub(crate) fn directory(&self, global: &args::Global) -> Option<PathBuf> {
        let named = global.directory.clone();
        named.or_else(|| self.get("MIGRATOR_DIRECTORY").map(PathBuf::from))
    }

    /// Misspelt variables: each variable that is set but unknown, and the known name nearest to it.
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
    pub(crate) fn reads(&self, reads: &args::Reads) -> Result<Options, Failure> {
        self.history(&reads.history, reads.lock_timeout)
    }

    /// The schema of the history.
    #[cfg(feature = "local-server")]
    pub(crate) fn schema(&self, history: &args::History) -> Result<String, Failure> {
        Ok(self.history(history, None)?.schema)
    }

    fn history(
        &self,
        history: &args::History,
        lock_timeout: Option<Duration>,
    ) -> Result<Options, Failure> {
        let mut options = Options::default().application(application());
        let schema = history.schema.clone();
        if let Some(schema) = self.parsed(schema, "MIGRATOR_SCHEMA", args::schema)? {
            options.schema = schema;
        }
        let variable = "MIGRATOR_LOCK_TIMEOUT";
        if let Some(limit) = self.parsed(lock_timeout, variable, args::duration)? {
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
        options.approved_by.clone_from(&run.approved_by);
        Ok(options)
    }

    /// The runtime's options for a command that writes the history.
    pub(crate) fn writes(&self, writes: &args::Writes) -> Result<Options, Failure> {
        let mut options = self.history(&writes.history, writes.lock_timeout)?;
        let variable = "MIGRATOR_LOCK_WAIT";
        if let Some(limit) = self.parsed(writes.lock_wait, variable, args::duration)? {
            options.lock_wait = limit;
        }
        let flag = writes.single_connection.then_some(true);
        let is_single = self.parsed(flag, "MIGRATOR_SINGLE_CONNECTION", args::switch)?;
        if is_single == Some(true) {
            options = options.single_connection();
        }
        Ok(options)
    }

    /// Sets how many connections a run may use.
    pub(crate) fn jobs(
        &self,
        flag: Option<NonZeroUsize>,
        options: &mut Options,
    ) -> Result<(), Failure> {
        options.jobs = self.side_by_side(flag)?.unwrap_or(JOBS);
        Ok(())
    }

    /// `--jobs` or its variable.
    pub(crate) fn side_by_side(
        &self,
        flag: Option<NonZeroUsize>,
    ) -> Result<Option<NonZeroUsize>, Failure> {
        self.parsed(flag, "MIGRATOR_JOBS", args::jobs)
    }

    /// The part of a fleet that this process works on; `None` means the whole fleet.
    pub(crate) fn shard(&self, members: &args::Members) -> Result<Option<Shard>, Failure> {
        if members.shard.is_some() {
            return Ok(members.shard);
        }
        let Some(count) = self.parsed(members.shards, "MIGRATOR_SHARDS", args::shards)? else {
            return Ok(None);
        };
        let Some(text) = self.get(INDEX) else {
            let message = format!("cannot choose one of {count} shards: {INDEX} is not set");
            let help = "Kubernetes sets it in a Job with `completionMode: Indexed`; elsewhere give \
                        `--shard=I/N`";
            return Err(Failure::new(Code::M0901, Exit::Usage, message, help));
        };
        let shard = text.parse().ok().and_then(|index| Shard::new(index, count));
        shard.map(Some).ok_or_else(|| {
            let message = format!("invalid value `{text}` of {INDEX}");
            let help = format!(
                "{}: give the Job as many `completions` as shards",
                args::shard_indices(count)
            );
            Failure::new(Code::M0901, Exit::Usage, message, help)
        })
    }

    /// Whether this process is part of a Kubernetes Indexed Job.
    pub(crate) fn is_in_indexed_job(&self) -> bool {
        self.get(INDEX).is_some()
    }

    /// The value of a flag, or else of a variable.
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

/// The path of the file `.env`, and the path that messages show.
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

/// The message gives the number of the line. It does not show the line, which may contain a password.
fn malformed(shown: &str, fault: &dot_env::Fault) -> Failure {
    let dot_env::Fault { line, reason } = fault;
    Failure::new(
        Code::M0901,
        Exit::Usage,
        format!("cannot read line {line} of the file `{shown}`: {reason}"),
        "write NAME='value', with single quotes: in them `$` and blanks have no meaning",
    )
}

/// The application name of our sessions: the program and its process.
pub(crate) fn application() -> String {
    format!("migrator (process {})", std::process::id())
}
