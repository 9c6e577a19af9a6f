//! The file of a program: its tables, and where, when and of what it measured them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::machine::{commit, machine, says, today};
use crate::table::Table;

/// What a program measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The command that measured it.
    pub command: String,
    /// The day in UTC, the commit and the machine.
    pub circumstances: BTreeMap<String, Value>,
    /// The version of each program and library that was measured.
    pub versions: BTreeMap<String, String>,
    /// The tables, in the order in which the program set them.
    pub tables: Vec<Table>,
    file: Option<PathBuf>,
}

impl Report {
    /// A report of this process. `command` runs the program; the report appends the arguments to it.
    /// `--json FILE` is taken out of the arguments, and the others are returned.
    pub fn new(
        command: &str,
        arguments: impl IntoIterator<Item = String>,
    ) -> (Report, Vec<String>) {
        let mut others = Vec::new();
        let mut file = None;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => file = arguments.next().map(PathBuf::from),
                _ => others.push(argument),
            }
        }
        let words = others
            .iter()
            .map(|word| match word.contains([' ', ',', '"']) {
                true => format!("'{word}'"),
                false => word.clone(),
            });
        let words: Vec<String> = [command.to_owned()].into_iter().chain(words).collect();
        let circumstances = [
            ("commit", commit().map_or(Value::Null, Value::from)),
            ("date", json!(today())),
            ("machine", machine()),
        ];
        let report = Report {
            command: words.join(" ").trim_end_matches(" --").to_owned(),
            circumstances: circumstances
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            versions: rustc()
                .map(|version| ("rustc".to_owned(), version))
                .into_iter()
                .collect(),
            tables: Vec::new(),
            file,
        };
        (report, others)
    }

    /// Sets the version of a program or library.
    pub fn version(&mut self, of: &str, version: &str) {
        self.versions.insert(of.to_owned(), version.to_owned());
    }

    /// Sets the version of a package to the one in the text of a `Cargo.lock`.
    pub fn locked(&mut self, package: &str, lock: &str) {
        let name = format!("name = \"{package}\"");
        let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
        let version = lines
            .next()
            .and_then(|line| line.strip_prefix("version = "));
        if let Some(version) = version {
            self.version(package, version.trim_matches('"'));
        }
    }

    /// Adds a table, or replaces the one with the same name.
    pub fn set(&mut self, table: Table) {
        match self.tables.iter_mut().find(|one| one.name == table.name) {
            Some(old) => *old = table,
            None => self.tables.push(table),
        }
    }

    /// The table with this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Writes the file of `--json`, or nothing without this argument.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, self.to_json())
    }

    /// Reads the file of `--json`, if it exists. It has the figures of an interrupted run.
    ///
    /// # Errors
    ///
    /// The file is no report.
    pub fn saved(&self) -> io::Result<Option<Report>> {
        match &self.file {
            Some(file) if file.exists() => Report::read(file).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    /// Reads a report.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no report.
    pub fn read(file: &Path) -> io::Result<Report> {
        let text = fs::read_to_string(file)?;
        let wrong = || io::Error::other(format!("`{}` is no report", file.display()));
        let value: Value = serde_json::from_str(&text).map_err(|_| wrong())?;
        Report::from_json(&value).ok_or_else(wrong)
    }

    fn to_json(&self) -> String {
        let tables: Vec<String> = self.tables.iter().map(Table::to_json).collect();
        let mut members = vec![("command".to_owned(), json!(self.command))];
        members.extend(self.circumstances.clone());
        members.push(("versions".to_owned(), json!(self.versions)));
        let member = |(name, value): (String, Value)| format!("  {}: {value}", json!(name));
        let members: Vec<String> = members.into_iter().map(member).collect();
        format!(
            "{{\n{},\n  \"tables\": [\n{}\n  ]\n}}\n",
            members.join(",\n"),
            tables.join(",\n")
        )
    }

    fn from_json(value: &Value) -> Option<Report> {
        let versions = value["versions"].as_object()?.iter();
        let versions: Option<BTreeMap<String, String>> = versions
            .map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())))
            .collect();
        let circumstance = |name: &str| Some((name.to_owned(), value.get(name)?.clone()));
        let circumstances: Option<BTreeMap<String, Value>> = ["commit", "date", "machine"]
            .map(circumstance)
            .into_iter()
            .collect();
        let tables: Option<Vec<Table>> = value["tables"]
            .as_array()?
            .iter()
            .map(Table::from_json)
            .collect();
        Some(Report {
            command: value["command"].as_str()?.to_owned(),
            circumstances: circumstances?,
            versions: versions?,
            tables: tables?,
            file: None,
        })
    }
}

/// The tables as text.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables: Vec<String> = self.tables.iter().map(ToString::to_string).collect();
        write!(f, "{}", tables.join("\n"))
    }
}

/// The version of the compiler, such as `1.95.0`.
#[must_use]
pub fn rustc() -> Option<String> {
    let line = says("rustc", &["--version"])?;
    line.split_whitespace().nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::{Table, row};

    #[test]
    fn a_report_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results/one.json");
        let arguments = [
            "a b".to_owned(),
            "--json".into(),
            file.to_str().unwrap().to_owned(),
            "3".into(),
        ];
        let (mut report, others) = Report::new("cargo run --bin one --", arguments);
        assert_eq!(others, ["a b", "3"]);
        assert_eq!(report.command, "cargo run --bin one -- 'a b' 3");
        report.version("PostgreSQL", "15.18");
        report.locked("sqlx", "name = \"sqlx\"\nversion = \"0.9.0\"\n");
        assert_eq!(report.versions["sqlx"], "0.9.0");
        let mut table = Table::new("up", &["program", "ms"]);
        table.push(row!["diesel", vec![1.5, 2.0]]);
        report.set(Table::new("up", &["program"]));
        report.set(table);
        report.save().unwrap();
        let read = Report::read(&file).unwrap();
        assert_eq!(
            Report {
                file: report.file.clone(),
                ..read
            },
            report
        );
        assert_eq!(report.saved().unwrap().unwrap().tables, report.tables);
    }

    #[test]
    fn a_file_that_is_no_report_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one.json");
        std::fs::write(&file, "{}").unwrap();
        let error = Report::read(&file).unwrap_err().to_string();
        assert_eq!(error, format!("`{}` is no report", file.display()));
    }
}
