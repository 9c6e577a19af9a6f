//! What the arguments mean together with the environment.
//!
//! A flag wins over the environment, the environment over `.env`.

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;
use std::time::Duration;

use migrator_model::Code;
use migrator_runtime::Options;

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;

/// The environment, with `.env` behind it.
pub(crate) struct Environment {
    file: HashMap<String, String>,
}

impl Environment {
    /// Reads `.env` of the current folder or of one above it, if there is one.
    pub(crate) fn read() -> Result<Environment, Failure> {
        let mut file = HashMap::new();
        let variables = match dotenvy::dotenv_iter() {
            Ok(variables) => variables,
            Err(error) if error.not_found() => return Ok(Environment { file }),
            Err(_) => return Err(unreadable()),
        };
        for variable in variables {
            // The error quotes the line, which may hold a password.
            let (name, value) = variable.map_err(|_| unreadable())?;
            file.insert(name, value);
        }
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

    /// The runtime's options for a command that only reads.
    pub(crate) fn history(&self, history: &args::History) -> Options {
        let mut options = Options {
            application: application(),
            ..Options::default()
        };
        let schema = history.schema.clone();
        if let Some(schema) = schema.or_else(|| self.get("MIGRATOR_SCHEMA")) {
            options.schema = schema;
        }
        options
    }

    /// The runtime's options for a command that writes.
    pub(crate) fn run(&self, run: &args::Run) -> Result<Options, Failure> {
        let mut options = self.history(&run.history);
        let set = [
            (run.lock_wait, "MIGRATOR_LOCK_WAIT", &mut options.lock_wait),
            (
                run.lock_timeout,
                "MIGRATOR_LOCK_TIMEOUT",
                &mut options.lock_timeout,
            ),
            (
                run.statement_timeout,
                "MIGRATOR_STATEMENT_TIMEOUT",
                &mut options.statement_timeout,
            ),
        ];
        for (flag, variable, option) in set {
            if let Some(duration) = self.duration(flag, variable)? {
                *option = duration;
            }
        }
        Ok(options)
    }

    fn duration(
        &self,
        flag: Option<Duration>,
        variable: &str,
    ) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.get(variable).filter(|_| flag.is_none()) else {
            return Ok(flag);
        };
        let parsed = args::duration(&text);
        parsed.map(Some).map_err(|help| {
            let message = format!("`{text}` in {variable} is not a time");
            Failure::new(Code::M0901, Exit::Usage, message, help)
        })
    }
}

fn unreadable() -> Failure {
    Failure::new(
        Code::M0901,
        Exit::Usage,
        "the file .env cannot be read",
        "write one NAME=value a line; quote values with blanks in them",
    )
}

/// What the server is told of us: the program and its process.
pub(crate) fn application() -> String {
    format!("migrator (process {})", std::process::id())
}
