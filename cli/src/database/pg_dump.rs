//! Runs Postgres's own `pg_dump`, which prints a schema as SQL.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use migrator_model::Code;
use migrator_runtime::Settings;

use crate::exit::Exit;
use crate::failure::Failure;

/// The path of the program.
pub(crate) struct PgDump(PathBuf);

impl PgDump {
    /// Finds a `pg_dump` that is not older than this major version of the server.
    pub(crate) fn find(major: u32) -> Result<PgDump, Failure> {
        installed(major).map(PgDump).ok_or_else(|| {
            let message = format!("there is no `pg_dump` of version {major} or later here");
            let help = format!(
                "install PostgreSQL's client programs, such as the package \
                 `postgresql-client-{major}`, or set MIGRATOR_PG_BIN to their folder"
            );
            Failure::new(Code::M0908, Exit::Failed, message, help)
        })
    }

    /// A database as SQL, without owners and without the schema `without`.
    ///
    /// `pg_dump` waits for a lock on a table for this long; zero is no limit.
    pub(crate) fn schema(
        &self,
        settings: &Settings,
        without: &str,
        lock_timeout: Duration,
    ) -> Result<String, Failure> {
        let mut command = Command::new(&self.0);
        command
            .args(arguments(without, lock_timeout))
            .envs(settings.variables());
        let failed = || {
            Failure::new(
                Code::M0908,
                Exit::Failed,
                format!("`{}` failed", self.0.display()),
                "see what it says",
            )
        };
        let output = command.output();
        let output = output.map_err(|error| failed().because(error.to_string()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(failed().because(stderr.trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(without_key(&text))
    }
}

fn arguments(without: &str, lock_timeout: Duration) -> [String; 5] {
    [
        "--schema-only".to_owned(),
        "--no-owner".to_owned(),
        "--no-password".to_owned(),
        format!("--lock-wait-timeout={}ms", lock_timeout.as_millis()),
        format!("--exclude-schema={}", pattern(without)),
    ]
}

/// `--exclude-schema` takes a pattern. In double quotes no other character has a meaning.
fn pattern(schema: &str) -> String {
    format!("\"{}\"", schema.replace('"', "\"\""))
}

/// Removes the pair of lines with a random key, so that two dumps of one schema are equal.
fn without_key(text: &str) -> String {
    let text = text.trim();
    // The key is in one of the first lines.
    let key = text
        .lines()
        .take(10)
        .find_map(|line| line.strip_prefix("\\restrict "));
    let Some(key) = key else {
        return text.to_owned();
    };
    let [first, last] = ["restrict", "unrestrict"].map(|word| format!("\\{word} {key}"));
    let text = text.replacen(&format!("{first}\n"), "", 1);
    let text = match text.rsplit_once(&last) {
        Some((before, after)) => format!("{before}{after}"),
        None => text,
    };
    text.trim().to_owned()
}

#[cfg(feature = "local-server")]
fn installed(major: u32) -> Option<PathBuf> {
    migrator_localpg::Programs::find_tool(None, "pg_dump", major)
}

#[cfg(not(feature = "local-server"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "with local servers the program may be missing"
)]
fn installed(_: u32) -> Option<PathBuf> {
    Some(PathBuf::from("pg_dump"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{arguments, without_key};

    #[test]
    fn pg_dump_waits_for_a_lock_as_long_as_the_option_says() {
        let arguments = arguments("migrator", Duration::from_secs(30));
        assert!(arguments.contains(&"--lock-wait-timeout=30000ms".to_owned()));
    }

    #[test]
    fn the_lines_with_the_key_are_left_out_and_no_others() {
        let dump =
            "--\n-- dump\n\n\\restrict k3y\n\nSELECT '\n\\restrict x\n';\n\n\\unrestrict k3y\n\n";
        assert_eq!(
            without_key(dump),
            "--\n-- dump\n\n\nSELECT '\n\\restrict x\n';"
        );
        assert_eq!(without_key("SELECT 1;\n"), "SELECT 1;");
    }
}
