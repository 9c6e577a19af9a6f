//! Converts the folder of another tool into files of the tree, and writes them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use migrator_adopt::{Converted, Destination, Draft, Files, NewMigration, Source, Tool, Undo};
use migrator_adopt::{convert, find};
use migrator_analysis::{analyse, draft};
use migrator_model::file_name::{Direction, FileName};
use migrator_model::{Code, Node, Problem, Registry, Severity, Tree, disk, resolve};

use super::super::context::Context;
use super::super::create::write_all;
use super::find::Wanted;
use super::levels::Levels;
use super::manifest;
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tree::{Folder, refused};
use crate::view::{Adopt, Conversion, Located, NotConverted};

/// The tree with the converted migrations, before it is written.
pub(super) struct NewTree {
    pub(super) tool: &'static dyn Tool,
    pub(super) source: Source,
    pub(super) converted: Converted,
    pub(super) registry: &'static Registry,
    pub(super) service: String,
    folder: Folder,
    /// The folder of the service, below the tree's.
    below: PathBuf,
    files: Vec<(FileName, String)>,
    /// The old and the new text of the manifest, if it changes.
    manifest: Option<[String; 2]>,
}

impl NewTree {
    /// Reads the folder of the other tool, and converts it. Writes nothing.
    pub(super) fn convert(
        context: &Context,
        adopt: &args::Adopt,
    ) -> Result<(NewTree, Adopt), Failure> {
        let tool = find(&adopt.from).ok_or_else(|| unknown_tool(&adopt.from))?;
        let shown = adopt.path.display().to_string().replace('\\', "/");
        let shown = shown.trim_end_matches('/').to_owned();
        let folder = context.folder()?;
        let files = Files::read(&adopt.path, &shown).map_err(|problem| failed(*problem))?;
        let source = tool.read(&files);
        let old = folder.read();
        let resolved = resolve(&old);
        let registry = &resolved.registry;
        let into = Destination {
            registry,
            service: &adopt.service,
        };
        let gaps = RefCell::new(BTreeMap::new());
        let converted = convert(tool, &source, into, &|up| drafted(up, &gaps));
        let converted = converted.map_err(|problems| unconverted(&files, problems))?;
        if converted.migrations.is_empty() {
            return Err(empty(tool, &shown, &source));
        }
        let Some(text) = text_of_manifest(&old) else {
            return Err(refused(&old, &resolved.problems));
        };
        let new_in_drift = new_patterns(tool, adopt, registry);
        let (new, tier) = Unchecked::plan(adopt, registry, &text, &new_in_drift)?;
        let mut new = new.with_files(&converted);
        let levels = new.set_levels(&old, &folder, &converted);
        let (registry, warnings) = new.check(&old, &folder, &converted, &shown)?;
        let Unchecked {
            files,
            below,
            manifest,
            ..
        } = new;
        let manifest = (manifest != text).then_some([text, manifest]);
        let new = NewTree {
            tool,
            source,
            converted,
            registry,
            service: adopt.service.clone(),
            folder,
            below,
            files,
            manifest,
        };
        let mut view = new.view(shown, &gaps.into_inner());
        view.new_in_tier = tier;
        view.new_in_drift = new_in_drift;
        view.new_levels = levels;
        view.warnings = warnings;
        Ok((new, view))
    }

    fn view(&self, path: String, gaps: &BTreeMap<String, usize>) -> Adopt {
        let converted = self.converted.migrations.iter();
        let left_out = self.source.left_out.iter().map(|one| NotConverted {
            path: one.path.clone(),
            why: one.why.clone(),
        });
        let shown = Path::new(&self.folder.shown).join(&self.below);
        let created = self.files.iter();
        let created = created.map(|(name, _)| shown.join(name.to_string()).display().to_string());
        let manifest = Path::new(&self.folder.shown).join(disk::MANIFEST);
        Adopt {
            tool: self.tool.name(),
            path,
            service: self.service.clone(),
            converted: converted.map(|one| conversion(one, gaps)).collect(),
            left_out: left_out.collect(),
            created: created.collect(),
            new_in_tier: None,
            new_in_drift: Vec::new(),
            new_levels: Vec::new(),
            manifest: manifest.display().to_string(),
            warnings: 0,
            written: false,
            history: None,
        }
    }

    /// Writes the files and the manifest, or nothing.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let folder = self.folder.path.join(&self.below);
        let shown = Path::new(&self.folder.shown).join(&self.below);
        if !self.files.is_empty() {
            write_all(&folder, &shown, &self.files)?;
        }
        let Some([old, new]) = &self.manifest else {
            return Ok(());
        };
        let path = self.folder.path.join(disk::MANIFEST);
        fs::write(&path, new).map_err(|error| {
            // If this fails too, `migrator check` reports what is left.
            let _ = fs::write(&path, old);
            for (name, _) in &self.files {
                let _ = fs::remove_file(folder.join(name.to_string()));
            }
            let message = format!("`{}` could not be written", path.display());
            let help = "see that you may write this file";
            Failure::new(Code::M0116, Exit::Failed, message, help).because(error.to_string())
        })
    }
}

/// The patterns of the old history that the manifest does not have yet.
fn new_patterns(tool: &dyn Tool, adopt: &args::Adopt, registry: &Registry) -> Vec<String> {
    let wanted = Wanted::of(tool, adopt.history_table.as_deref());
    let is_named = adopt.history_table.is_some();
    let all = manifest::patterns(wanted.schema.as_deref(), &wanted.name, is_named);
    let known: Vec<&str> = registry.left_out().collect();
    all.into_iter()
        .filter(|pattern| !known.contains(&pattern.as_str()))
        .collect()
}

/// What is to be written.
struct Unchecked {
    files: Vec<(FileName, String)>,
    below: PathBuf,
    service: String,
    manifest: String,
}

impl Unchecked {
    /// The new manifest. Also returns the tier of a service that is new in it.
    fn plan(
        adopt: &args::Adopt,
        registry: &Registry,
        text: &str,
        new_in_drift: &[String],
    ) -> Result<(Unchecked, Option<String>), Failure> {
        let service = &adopt.service;
        let (tier, directory) = match registry.find_service(service) {
            Some(service) => (None, service.directory),
            None => {
                let tier = manifest::tier(registry, adopt.tier.as_deref())?;
                (Some(tier), service.as_str())
            }
        };
        let with_service = match tier.as_deref() {
            Some(tier) => manifest::with_service(text, service, tier),
            None => text.to_owned(),
        };
        let new = Unchecked {
            files: Vec::new(),
            below: [disk::MIGRATIONS, directory].iter().collect(),
            service: service.clone(),
            manifest: manifest::with_patterns(&with_service, new_in_drift),
        };
        Ok((new, tier))
    }

    fn with_files(self, converted: &Converted) -> Unchecked {
        let all = converted.migrations.iter().flat_map(|one| &one.files);
        let files = all.map(|file| (file.name.clone(), file.text.clone()));
        Unchecked {
            files: files.collect(),
            ..self
        }
    }

    /// The tree as it will be, its registry, and its problems.
    fn resolve(&self, tree: &Tree) -> (Tree, Registry, Vec<Problem>) {
        let below = self.below();
        let mut tree = tree.clone().with_file(disk::MANIFEST, &*self.manifest);
        for (name, text) in &self.files {
            tree = tree.with_file(&format!("{below}/{name}"), text.as_str());
        }
        let resolved = resolve(&tree);
        let mut problems = analyse(&resolved);
        problems.extend(resolved.problems);
        Problem::sort(&mut problems);
        (tree, resolved.registry, problems)
    }

    fn below(&self) -> String {
        self.below.to_string_lossy().replace('\\', "/")
    }

    /// Whether a new file has this problem.
    fn has(&self, folder: &Folder, problem: &Problem) -> bool {
        let below = self.below();
        let path = problem.path().unwrap_or_default();
        let mut new = self.files.iter();
        new.any(|(name, _)| format!("{}/{below}/{name}", folder.shown) == path)
    }

    /// Sets the levels of lints that would stop the build because of the new files. Returns their
    /// codes.
    fn set_levels(&mut self, tree: &Tree, folder: &Folder, converted: &Converted) -> Vec<String> {
        let (_, _, problems) = self.resolve(tree);
        let of_new = problems.iter().filter(|problem| self.has(folder, problem));
        let levels = converted.end().and_then(|end| Levels::find(of_new, end));
        levels.map_or_else(Vec::new, |levels| {
            self.manifest = levels.in_manifest(&self.manifest, &self.service);
            levels.codes()
        })
    }

    /// Checks the tree as it will be. Returns its registry, and the number of warnings of the new
    /// files.
    fn check(
        &self,
        tree: &Tree,
        folder: &Folder,
        converted: &Converted,
        from: &str,
    ) -> Result<(&'static Registry, usize), Failure> {
        let (tree, registry, problems) = self.resolve(tree);
        let is_error = |problem: &&Problem| problem.severity == Severity::Error;
        let errors: Vec<&Problem> = problems.iter().filter(is_error).collect();
        if errors.is_empty() {
            let of_new = problems.iter().filter(|problem| self.has(folder, problem));
            let warnings = of_new.count();
            // The registry is used until the process ends.
            return Ok((Box::leak(Box::new(registry)), warnings));
        }
        let mut failure = refused(&tree, errors);
        for error in &mut failure.errors {
            if let Some(origin) = origin(converted, error) {
                error.note(
                    "note",
                    format!("this script is converted from `{from}/{origin}`"),
                );
            }
        }
        Err(failure)
    }
}

/// The old file of the script that has an error.
fn origin<'c>(converted: &'c Converted, error: &Located) -> Option<&'c str> {
    let path = Path::new(error.problem.path()?);
    let name = path.file_name()?.to_str()?;
    let mut all = converted.migrations.iter();
    let is_of = |one: &NewMigration| one.files.iter().any(|file| file.name.to_string() == name);
    let found = all.find(|one| is_of(one))?;
    Some(found.origin.as_str())
}

/// The draft of a down script. Notes how many statements it leaves to its author.
fn drafted(up: &str, gaps: &RefCell<BTreeMap<String, usize>>) -> Draft {
    match draft::down(up) {
        draft::Draft::Script { sql, gaps: left } => {
            let first = up.lines().next().unwrap_or_default().to_owned();
            gaps.borrow_mut().insert(first, left.len());
            Draft::Script(sql)
        }
        draft::Draft::Impossible(reason) => Draft::Impossible(reason),
    }
}

fn conversion(one: &NewMigration, gaps: &BTreeMap<String, usize>) -> Conversion {
    let (down, reason) = match &one.undo {
        Undo::Converted => ("converted", None),
        Undo::Drafted => ("drafted", None),
        Undo::Irreversible(reason) => ("irreversible", Some(reason.clone())),
    };
    let mut up = one.files.iter();
    let up = up.find(|file| file.name.direction == Direction::Up);
    let first = up.and_then(|file| file.text.lines().next());
    Conversion {
        migration: one.id.to_string(),
        from: one.origin.clone(),
        down,
        reason,
        gaps: first.and_then(|line| gaps.get(line)).copied().unwrap_or(0),
        earlier: one.files.is_empty(),
    }
}

fn text_of_manifest(tree: &Tree) -> Option<String> {
    let Some(Node::File(bytes)) = tree.nodes.get(disk::MANIFEST) else {
        return None;
    };
    String::from_utf8(bytes.clone()).ok()
}

fn unknown_tool(name: &str) -> Failure {
    let message = format!("`{name}` is not a known tool");
    let help = "`migrator help adopt` lists the tools";
    Failure::new(Code::M1001, Exit::Usage, message, help)
}

fn empty(tool: &dyn Tool, shown: &str, source: &Source) -> Failure {
    let message = format!("`{shown}` has no migrations of {}", tool.name());
    let help = "name the folder that holds the migrations themselves, or correct `--from`";
    let failure = Failure::new(Code::M1001, Exit::Refused, message, help);
    match source.left_out.first() {
        Some(one) => failure.because(format!("`{}` is left out: {}", one.path, one.why)),
        None => failure,
    }
}

/// The failure of one problem.
pub(super) fn failed(problem: Problem) -> Failure {
    Failure {
        exit: Exit::Refused,
        errors: vec![Located::nowhere(problem)],
        view: None,
    }
}

/// The problems of the old files, each with its line.
fn unconverted(files: &Files, problems: Vec<Problem>) -> Failure {
    let line = |problem: &Problem| {
        let mut paths = files.paths();
        let path = paths.find(|path| Some(files.shown(path).as_str()) == problem.path())?;
        let text = files.text(path).ok()?;
        let line = problem.position()?.line.checked_sub(1)?;
        text.lines().nth(line).map(str::to_owned)
    };
    let errors = problems.into_iter().map(|problem| Located {
        line: line(&problem),
        problem,
    });
    Failure {
        exit: Exit::Refused,
        errors: errors.collect(),
        view: None,
    }
}
