//! `init`: a new tree, in a new crate, in a crate that exists, or in a folder without a crate.
//!
//! `place` decides where the files go, `texts` has their texts, `cargo_toml` reads and extends a
//! crate's `Cargo.toml`, and `files` writes. The command can run again after an interruption: it
//! writes what is missing.

mod cargo_toml;
mod files;
mod place;
mod texts;

use std::fs;
use std::path::{Path, PathBuf};

use migrator_model::file_name::{Direction, FileName};
use migrator_model::{Tree, disk, resolve};

use self::files::Purpose;
use self::place::{Kind, Place};
use super::context::{Answer, Outcome};
use super::create::{uid, version, write_all};
use crate::arguments as args;
use crate::failure::Failure;
use crate::view::{Init, Lines, View};

/// The file of the hook.
const HOOK: &str = ".githooks/pre-commit";

pub(super) fn run(init: &args::Init) -> Outcome {
    let mut work = Work {
        place: Place::of(init)?,
        view: Init::default(),
    };
    match work.write() {
        Ok(()) => Ok(Answer::done(View::Init(work.view))),
        Err(failure) if work.view.created.is_empty() => Err(failure),
        Err(failure) => Err(failure.after(View::Init(work.view))),
    }
}

/// A run of `init`: where it writes, and what it has written.
struct Work {
    place: Place,
    view: Init,
}

impl Work {
    /// Writes all files. A new crate gets its `Cargo.toml` last, and a crate that exists its new
    /// dependencies: after an interruption, the next run continues in the same way.
    fn write(&mut self) -> Result<(), Failure> {
        self.tree()?;
        self.hook()?;
        self.rules()?;
        if let Kind::NewCrate = self.place.kind {
            self.new_crate()?;
        }
        self.extend_crate()?;
        self.advise();
        Ok(())
    }

    /// Writes the manifest and the first migration, unless there is a manifest.
    fn tree(&mut self) -> Result<(), Failure> {
        let tree = self.place.tree.clone();
        let manifest = format!("{tree}/{}", disk::MANIFEST);
        if self.path(&manifest).symlink_metadata().is_err() {
            let service = self.place.service()?;
            let folder = format!("{tree}/{}/{service}", disk::MIGRATIONS);
            if !has_scripts(&self.path(&folder)) {
                self.first_migration(&folder, &service)?;
            }
            self.create(&manifest, &texts::manifest(&service))?;
        }
        self.create(&format!("{tree}/.gitattributes"), texts::GIT_ATTRIBUTES)
    }

    fn first_migration(&mut self, folder: &str, service: &str) -> Result<(), Failure> {
        let registry = resolve(&Tree::new(self.place.tree.as_str())).registry;
        let up = FileName {
            version: version(&registry, service),
            uid: uid(&registry),
            name: format!("create_{}_schema", texts::schema(service)),
            direction: Direction::Up,
        };
        let pair = [up.clone(), up.partner()].map(|file| {
            let text = texts::script(&file, service);
            (file, text)
        });
        let folder = self.path(folder);
        write_all(&folder, &folder, &pair)?;
        let paths = pair
            .iter()
            .map(|(file, _)| shown(&folder.join(file.to_string())));
        self.view.created.extend(paths);
        Ok(())
    }

    fn hook(&mut self) -> Result<(), Failure> {
        let path = self.path(HOOK);
        let text = texts::hook(&self.place.directory());
        if files::create(&path, &text, Purpose::Program)? {
            self.view.created.push(shown(&path));
            let folder = HOOK.split('/').next().unwrap_or_default();
            let folder = self.place.in_repository(folder);
            self.view.notes.push(format!(
                "`git config core.hooksPath {folder}` makes git check the migrations before each \
                 commit"
            ));
        } else if !contains(&path, "migrator check") {
            let line = format!("migrator check{} || exit 1\n", self.place.directory());
            self.leave(&path, line);
        }
        Ok(())
    }

    /// Writes the rules for coding agents, after the text of an `AGENTS.md` that exists.
    fn rules(&mut self) -> Result<(), Failure> {
        let path = self.path("AGENTS.md");
        let place = &self.place;
        let service = self.service();
        let rules = texts::rules(&place.tree, service.as_deref(), &place.directory());
        if files::create(&path, &rules, Purpose::Text)? {
            self.view.created.push(shown(&path));
            return Ok(());
        }
        let mut text = fs::read(&path).map_err(|error| files::unread(&path, &error))?;
        let old = String::from_utf8_lossy(&text);
        if old.contains(texts::MARKER) {
            return Ok(());
        }
        let end = match old.contains("\r\n") {
            true => "\r\n",
            false => "\n",
        };
        let gap = match old.is_empty() || old.ends_with('\n') {
            true => end.to_owned(),
            false => end.repeat(2),
        };
        text.extend_from_slice(gap.as_bytes());
        text.extend_from_slice(rules.replace('\n', end).as_bytes());
        files::replace(&path, &text)?;
        self.view.changed.push(shown(&path));
        Ok(())
    }

    fn new_crate(&mut self) -> Result<(), Failure> {
        self.create("build.rs", &texts::build_script())?;
        self.create("src/main.rs", texts::MAIN)?;
        self.create(".gitignore", texts::GIT_IGNORE)?;
        self.create(cargo_toml::FILE, &texts::cargo_toml(&self.place.name()))?;
        if let Some(workspace) = cargo_toml::workspace_without(&self.place.absolute()) {
            self.view.notes.push(format!(
                "the crate is in a workspace: add the crate's folder to `members` in `{}`",
                workspace.display()
            ));
        }
        Ok(())
    }

    /// Adds the tree to a crate that exists. The user adds lines to source files that exist.
    fn extend_crate(&mut self) -> Result<(), Failure> {
        let Kind::Crate(package) = &self.place.kind else {
            return Ok(());
        };
        let (script, missing) = (package.build_script.clone(), package.missing());
        let extended = package.extended();
        self.build_script(script)?;
        let sources = ["src/main.rs", "src/lib.rs"].map(|file| self.path(file));
        if !sources.iter().any(|path| contains(path, texts::EMBEDS)) {
            self.leave(&sources[0], texts::MAIN_LINES.to_owned());
        }
        match extended {
            _ if missing.is_empty() => {}
            Some(text) => {
                let path = self.path(cargo_toml::FILE);
                files::replace(&path, text.as_bytes())?;
                self.view.changed.push(shown(&path));
            }
            None => self.view.next.extend(cargo_toml::commands(&missing)),
        }
        Ok(())
    }

    fn build_script(&mut self, script: Option<PathBuf>) -> Result<(), Failure> {
        let path = script.unwrap_or_else(|| {
            let note = "`build = false` in `Cargo.toml` turns the build script off: remove it";
            self.view.notes.push(note.to_owned());
            PathBuf::from("build.rs")
        });
        let path = self.path(path);
        if files::create(&path, &texts::build_script(), Purpose::Text)? {
            self.view.created.push(shown(&path));
        } else if !texts::CHECKS.iter().any(|check| contains(&path, check)) {
            let lines = format!("// In `main`:\n{}\n", texts::BUILD_LINE);
            self.leave(&path, lines);
        }
        Ok(())
    }

    /// Names the next commands, and counts the findings of the tree.
    fn advise(&mut self) {
        let tree = disk::read(&self.path(&self.place.tree), &self.place.tree);
        self.view.findings = resolve(&tree).problems.len();
        if self.view.created.is_empty() && self.view.changed.is_empty() {
            return;
        }
        let service = self.service();
        let service = service.as_deref().unwrap_or("all");
        let directory = self.place.directory();
        let next = match self.place.kind {
            Kind::NewCrate => vec![
                format!("cd {}", self.place.base.display()),
                format!("cargo run -- up --service={service}"),
            ],
            Kind::Crate(_) => vec!["cargo build".to_owned()],
            Kind::Folder if self.place.base == Path::new("") => {
                vec![format!("migrator up{directory} --service={service}")]
            }
            Kind::Folder => vec![
                format!("cd {}", self.place.base.display()),
                format!("migrator up{directory} --service={service}"),
            ],
        };
        self.view.next.extend(next);
    }

    /// The service of the first migration, unless the tree has other services.
    fn service(&self) -> Option<String> {
        let service = self.place.service().ok()?;
        let tree = disk::read(&self.path(&self.place.tree), &self.place.tree);
        let registry = resolve(&tree).registry;
        registry.find_service(&service).map(|_| service)
    }

    /// Writes a file, unless it exists.
    fn create(&mut self, file: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(file);
        if files::create(&path, text, Purpose::Text)? {
            self.view.created.push(shown(&path));
        }
        Ok(())
    }

    fn leave(&mut self, path: &Path, lines: String) {
        let path = shown(path);
        self.view.lines.push(Lines { path, lines });
    }

    fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.place.base.join(file)
    }
}

/// Whether a file has this text. A file that cannot be read has no text.
fn contains(path: &Path, text: &str) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).contains(text)
}

/// Whether a folder has a script.
fn has_scripts(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = files.map(|file| file.file_name());
    names.any(|name| Path::new(&name).extension().is_some_and(|end| end == "sql"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
