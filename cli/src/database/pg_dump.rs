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

/// What a dump contains.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    /// The schemas that are left out.
    pub(crate) without: Vec<String>,
    /// The only schemas of the dump; if empty, all.
    pub(crate) only: Vec<String>,
    /// Whether the dump has privileges and tablespaces, too.
    pub(crate) details: Details,
}

/// Which parts a dump has in addition to the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    /// Privileges and tablespaces.
    Both,
    /// Privileges.
    Privileges,
    /// Neither.
    Neither,
}

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

    /// A database as SQL, without owners.
    ///
    /// `pg_dump` waits for a lock on a table for this long; zero is no limit.
    pub(crate) fn schema(
        &self,
        settings: &Settings,
        extent: &Extent,
        lock_timeout: Duration,
    ) -> Result<String, Failure> {
        let mut command = Command::new(&self.0);
        command
            .args(arguments(extent, lock_timeout))
            .envs(settings.variables());
        let failed = || {
            Failure::new(
                Code::M0908,
                Exit::Failed,
                format!("`{}` failed", self.0.display()),
                "correct what the cause names, and run the command again",
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

fn arguments(extent: &Extent, lock_timeout: Duration) -> Vec<String> {
    let mut arguments = vec![
        "--schema-only".to_owned(),
        "--no-owner".to_owned(),
        "--no-password".to_owned(),
        format!("--lock-wait-timeout={}ms", lock_timeout.as_millis()),
    ];
    let without = extent.without.iter();
    arguments.extend(without.map(|name| format!("--exclude-schema={}", pattern(name))));
    let only = extent.only.iter();
    arguments.extend(only.map(|name| format!("--schema={}", pattern(name))));
    let flags: &[&str] = match extent.details {
        Details::Both => &[],
        Details::Privileges => &["--no-tablespaces"],
        Details::Neither => &["--no-tablespaces", "--no-privileges"],
    };
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    arguments
}

/// `--schema` and `--exclude-schema` take a pattern. In double quotes no other character has a meaning.
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

    use super::{Details, Extent, arguments, without_key};

    #[test]
    fn pg_dump_waits_for_a_lock_as_long_as_the_option_says() {
        let extent = Extent {
            without: vec!["migrator".to_owned()],
            only: vec!["a\"b".to_owned()],
            details: Details::Neither,
        };
        let arguments = arguments(&extent, Duration::from_secs(30));
        for expected in [
            "--lock-wait-timeout=30000ms",
            "--exclude-schema=\"migrator\"",
            "--schema=\"a\"\"b\"",
            "--no-privileges",
        ] {
            assert!(arguments.contains(&expected.to_owned()), "{arguments:?}");
        }
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
