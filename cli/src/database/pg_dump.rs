//! Postgres's own `pg_dump`, where it is there: a schema as SQL.

use std::path::PathBuf;
use std::process::Command;

use migrator_model::Code;
use migrator_runtime::Settings;

use crate::exit::Exit;
use crate::failure::Failure;

/// The program.
pub(crate) struct PgDump(PathBuf);

impl PgDump {
    /// Finds one that can read a server of this major version: it must not be older.
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

    /// The schema of a database, without owners and without one schema of it.
    pub(crate) fn schema(&self, settings: &Settings, without: &str) -> Result<String, Failure> {
        let mut command = Command::new(&self.0);
        command
            .args(["--schema-only", "--no-owner", "--no-password"])
            // A reader shall not wait behind a long ALTER TABLE, nor others behind it.
            .arg("--lock-wait-timeout=5s")
            .arg(format!("--exclude-schema={}", pattern(without)))
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
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(failed().because(said.trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(without_key(&text))
    }
}

/// `--exclude-schema` takes a pattern, in which quotes take the meaning from all
/// but themselves.
fn pattern(schema: &str) -> String {
    format!("\"{}\"", schema.replace('"', "\"\""))
}

/// Without the pair of lines that holds a key which is another each time, and
/// for which no two dumps would be the same.
fn without_key(text: &str) -> String {
    let text = text.trim();
    // It stands at the top.
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
fn installed(_: u32) -> Option<PathBuf> {
    Some(PathBuf::from("pg_dump"))
}

#[cfg(test)]
mod tests {
    use super::without_key;

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
