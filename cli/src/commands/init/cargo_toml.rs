//! Reads a crate's `Cargo.toml`, and adds lines to it.
//!
//! New lines are put between the lines that exist, so comments and order stay. The new text is used
//! only if it parses and has each new dependency in its table. Otherwise cargo must edit the file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use migrator_model::Code;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::files::unread;
use crate::exit::Exit;
use crate::failure::Failure;

/// The name of the file.
pub(super) const FILE: &str = "Cargo.toml";

/// The version of the dependencies.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The dependencies of a crate with a tree: the table and the name.
pub(super) const DEPENDENCIES: [(&str, &str); 3] = [
    (NORMAL, "migrator-cli"),
    (NORMAL, "migrator-runtime"),
    (BUILD, "migrator-analysis"),
];

pub(super) const NORMAL: &str = "dependencies";
pub(super) const BUILD: &str = "build-dependencies";

/// The `Cargo.toml` of a package.
pub(super) struct CargoToml {
    /// The name of the package.
    pub(super) name: String,
    /// The build script; `None` if the package refuses to have one.
    pub(super) build_script: Option<PathBuf>,
    text: String,
}

impl CargoToml {
    /// Reads the file in a folder. `None` if there is no file.
    pub(super) fn read(folder: &Path) -> Result<Option<CargoToml>, Failure> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => parse(&path, text).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unread(&path, &error)),
        }
    }

    /// The dependencies that the package does not have.
    pub(super) fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let mut all = DEPENDENCIES.to_vec();
        all.retain(|(table, name)| !has(&self.text, table, name));
        all
    }

    /// The text with all dependencies. `None` if this form of the file needs cargo.
    pub(super) fn extended(&self) -> Option<String> {
        let missing = self.missing();
        let mut text = self.text.clone();
        for table in [NORMAL, BUILD] {
            let names = missing.iter().filter(|(wanted, _)| *wanted == table);
            let lines: Vec<String> = names.map(|(_, name)| line(name)).collect();
            if !lines.is_empty() {
                text = with_lines(&text, table, &lines);
            }
        }
        let has_all = missing.iter().all(|(table, name)| has(&text, table, name));
        has_all.then_some(text)
    }
}

/// The line of a dependency.
pub(super) fn line(name: &str) -> String {
    format!("{name} = \"{VERSION}\"")
}

/// The commands that add these dependencies.
pub(super) fn commands(missing: &[(&str, &str)]) -> Vec<String> {
    let options = [(NORMAL, ""), (BUILD, " --build")];
    let commands = options.iter().filter_map(|(table, option)| {
        let names = missing.iter().filter(|(wanted, _)| wanted == table);
        let names: Vec<String> = names.map(|(_, name)| format!("{name}@{VERSION}")).collect();
        (!names.is_empty()).then(|| format!("cargo add{option} {}", names.join(" ")))
    });
    commands.collect()
}

/// The workspace above a folder, if the workspace does not list the folder as a member.
pub(super) fn workspace_without(folder: &Path) -> Option<PathBuf> {
    let above = folder.ancestors().skip(1);
    let mut files = above.map(|folder| folder.join(FILE));
    files.find_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        let table = DeTable::parse(&text).ok()?;
        let workspace = table.get_ref().get("workspace")?.get_ref().as_table()?;
        let below = folder.strip_prefix(path.parent()?).ok()?;
        Some((!is_member(workspace, below)).then_some(path))
    })?
}

/// Whether `members` lists a folder by its path, or as `parent/*`.
fn is_member(workspace: &DeTable<'_>, folder: &Path) -> bool {
    let members = workspace
        .get("members")
        .and_then(|it| it.get_ref().as_array());
    let members = members.into_iter().flat_map(|members| members.iter());
    let mut members = members.filter_map(|member| member.get_ref().as_str());
    members.any(|member| {
        let parent = member.strip_suffix('*').map(Path::new);
        folder == Path::new(member) || (parent.is_some() && parent == folder.parent())
    })
}

fn parse(path: &Path, text: String) -> Result<CargoToml, Failure> {
    let (name, build_script) = package(path, &text)?;
    Ok(CargoToml {
        name,
        build_script,
        text,
    })
}

/// The name and the build script of the package.
fn package(path: &Path, text: &str) -> Result<(String, Option<PathBuf>), Failure> {
    let shown = path.display();
    let table = DeTable::parse(text).map_err(|error| {
        let message = format!("`{shown}` is not TOML");
        let help = "correct the file: cargo cannot read it either";
        Failure::new(Code::M0116, Exit::Failed, message, help).because(error.message())
    })?;
    let package = table.get_ref().get("package");
    let package = package.and_then(|package| package.get_ref().as_table());
    let name = package.and_then(|package| package.get("name")?.get_ref().as_str());
    let (Some(package), Some(name)) = (package, name) else {
        let message = format!("`{shown}` describes no package");
        let help = "run the command in the folder of a crate, or name a new crate: \
                    `migrator init NAME`";
        return Err(Failure::new(Code::M0116, Exit::Usage, message, help));
    };
    let build = package.get("build").map(Spanned::get_ref);
    let build_script = match build {
        Some(DeValue::Boolean(false)) => None,
        build => Some(build.and_then(DeValue::as_str).unwrap_or("build.rs")),
    };
    Ok((name.to_owned(), build_script.map(PathBuf::from)))
}

/// Whether a table of a `Cargo.toml` has a dependency.
fn has(text: &str, table: &str, name: &str) -> bool {
    let parsed = DeTable::parse(text);
    parsed.is_ok_and(|parsed| {
        let table = parsed.get_ref().get(table);
        let table = table.and_then(|table| table.get_ref().as_table());
        table.is_some_and(|table| table.contains_key(name))
    })
}

/// Adds lines at the end of a table, or a new table at the end of the text.
fn with_lines(text: &str, table: &str, lines: &[String]) -> String {
    let end = match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let lines = lines.join(end) + end;
    let (at, header) = match end_of_table(text, table) {
        Some(at) => (at, String::new()),
        None => (text.len(), format!("{end}[{table}]{end}")),
    };
    let (before, after) = text.split_at(at);
    let gap = match before.ends_with('\n') {
        true => "",
        false => end,
    };
    format!("{before}{gap}{header}{lines}{after}")
}

/// The offset after the last entry of a table.
fn end_of_table(text: &str, table: &str) -> Option<usize> {
    let mut end = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        offset += line.len();
        let line = line.trim();
        let is_entry = !line.is_empty() && !line.starts_with('#');
        match end {
            None if is_header(line, table) => end = Some(offset),
            Some(_) if line.starts_with('[') => break,
            Some(_) if is_entry => end = Some(offset),
            None | Some(_) => {}
        }
    }
    end
}

/// Whether a line is `[table]`, perhaps with a comment.
fn is_header(line: &str, table: &str) -> bool {
    let inner = line.strip_prefix('[').and_then(|line| line.split_once(']'));
    inner.is_some_and(|(name, rest)| {
        let rest = rest.trim();
        name.trim() == table && (rest.is_empty() || rest.starts_with('#'))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use toml::de::DeTable;

    use super::{CargoToml, commands, is_member, parse};

    fn read(text: &str) -> CargoToml {
        parse(Path::new("Cargo.toml"), text.to_owned()).expect(text)
    }

    #[test]
    fn comments_and_order_stay() {
        let text = "# A shop.\n[package]\nname = \"shop\" # a name\n\n[dependencies] # all\n\
                    # the web\nserde = { version = \"1\", features = [\n  \"derive\",\n] }\n\n\
                    # not needed yet\n# log = \"0.4\"\n\n[features]\ndefault = []";
        let found = read(text).extended().expect("it is a usual file");
        let version = super::VERSION;
        let expected = text.replace(
            "] }\n",
            &format!("] }}\nmigrator-cli = \"{version}\"\nmigrator-runtime = \"{version}\"\n"),
        );
        let added = format!("\n\n[build-dependencies]\nmigrator-analysis = \"{version}\"\n");
        assert_eq!(found, expected + &added);
        assert!(read(&found).missing().is_empty());
    }

    #[test]
    fn line_ends_of_windows_stay() {
        let text = "[package]\r\nname = \"shop\"\r\n[dependencies]\r\n";
        let found = read(text).extended().expect("it is a usual file");
        assert_eq!(found.matches('\n').count(), found.matches("\r\n").count());
        assert!(found.starts_with(text), "{found}");
    }

    #[test]
    fn a_dependency_that_exists_stays() {
        let text = "[package]\nname = \"shop\"\n[dependencies.migrator-cli]\npath = \"../cli\"\n\
                    [dependencies]\nmigrator-runtime = { path = \"../runtime\" }\n";
        let package = read(text);
        assert_eq!(package.missing(), [(super::BUILD, "migrator-analysis")]);
        let found = package.extended().expect("it is a usual file");
        assert!(found.starts_with(text), "{found}");
    }

    #[test]
    fn an_unusual_file_is_left_to_cargo() {
        for text in [
            "dependencies.serde = \"1\"\n[package]\nname = \"shop\"\n",
            "dependencies = { serde = \"1\" }\n[package]\nname = \"shop\"\n",
            "[package]\nname = \"shop\"\ndescription = '''\n[dependencies]\n'''\n\
             [dependencies]\n[build-dependencies]\n",
        ] {
            assert_eq!(read(text).extended(), None, "{text}");
        }
        let version = super::VERSION;
        let missing = read("[package]\nname = \"shop\"\n").missing();
        let expected = [
            format!("cargo add migrator-cli@{version} migrator-runtime@{version}"),
            format!("cargo add --build migrator-analysis@{version}"),
        ];
        assert_eq!(commands(&missing), expected);
    }

    #[test]
    fn a_workspace_lists_members_by_path_or_folder() {
        let text = "members = [\"crates/*\", \"tools/shop\", \"*\"]";
        let workspace = DeTable::parse(text).expect("it is TOML");
        for (folder, expected) in [
            ("crates/shop", true),
            ("tools/shop", true),
            ("shop", true),
            ("tools/store", false),
            ("crates/deep/shop", false),
        ] {
            let found = is_member(workspace.get_ref(), Path::new(folder));
            assert_eq!(found, expected, "{folder}");
        }
    }
}
