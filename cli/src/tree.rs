//! The tree on disk, for the commands that read it.

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;

use migrator_analysis::analyse;
use migrator_model::{Code, Node, Problem, Registry, Severity, Tree, disk, resolve};

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::line::Line;
use crate::render;
use crate::view::Located;

/// A tree's folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// The absolute path.
    pub(crate) path: PathBuf,
    /// The path in findings: relative to the current folder if the tree is below that folder.
    pub(crate) shown: String,
}

impl Folder {
    /// The named folder, or else `database` in the current folder or in a folder above.
    pub(crate) fn find(named: Option<PathBuf>) -> Option<Folder> {
        let here = env::current_dir().ok()?;
        let path = match named {
            Some(named) => here.join(named).components().collect(),
            None => disk::find(&here)?,
        };
        let shown = path.strip_prefix(&here).unwrap_or(&path);
        let shown = match shown.to_string_lossy().replace('\\', "/") {
            shown if shown.is_empty() => ".".to_owned(),
            shown => shown,
        };
        Some(Folder { path, shown })
    }

    /// The same as [`Folder::find`], for a command that needs a tree.
    pub(crate) fn require(named: Option<PathBuf>) -> Result<Folder, Failure> {
        match Folder::find(named) {
            Some(folder) if folder.path.is_dir() => Ok(folder),
            Some(folder) => Err(folder.no_tree()),
            None => Err(Failure::new(
                Code::M0907,
                Exit::Usage,
                "there is no tree here",
                "run it in a checkout, where `database/services.toml` is in this folder or in \
                 one above; name the tree's folder with `--directory`; or write a new tree with \
                 `migrator init --folder`",
            )),
        }
    }

    fn no_tree(&self) -> Failure {
        let message = format!("there is no tree in `{}`", self.shown);
        let help = "name the folder that holds `services.toml` with `--directory`";
        Failure::new(Code::M0907, Exit::Usage, message, help)
    }

    /// The tree in the current folder, for a command that does not read it. The current folder
    /// itself may be the tree.
    pub(crate) fn here() -> Option<Folder> {
        let here = env::current_dir().ok()?;
        match here.join(disk::MANIFEST).is_file() {
            true => Folder::find(Some(here)),
            false => Folder::find(None),
        }
    }

    /// Whether this is the registry's tree, older or newer. The two share a migration; if one has
    /// no migrations, they share a service.
    pub(crate) fn is_tree_of(&self, registry: &Registry) -> bool {
        let here = resolve(&self.read()).registry;
        let uids: BTreeSet<&str> = here.migrations().map(|one| one.uid).collect();
        if uids.is_empty() || registry.is_empty() {
            let mut services = here.services();
            return services.any(|one| registry.find_service(one.name).is_some());
        }
        let mut migrations = registry.migrations();
        migrations.any(|one| uids.contains(one.uid))
    }

    /// Refuses a tree that is not the registry's. Otherwise a command would silently work on the
    /// registry instead of the tree in this folder.
    pub(crate) fn is_of(&self, registry: &Registry, help: &str) -> Result<(), Failure> {
        if self.is_tree_of(registry) {
            return Ok(());
        }
        let message = format!(
            "the tree in `{}` is not compiled into this binary",
            self.shown
        );
        Err(Failure::new(Code::M0907, Exit::Usage, message, help))
    }

    /// Reads the files of the tree.
    pub(crate) fn read(&self) -> Tree {
        disk::read(&self.path, &self.shown)
    }

    /// The registry of the tree. Fails if the tree has findings.
    pub(crate) fn registry(&self) -> Result<&'static Registry, Failure> {
        let tree = self.read();
        let resolved = resolve(&tree);
        match resolved.problems.is_empty() {
            // The registry is used until the process ends.
            true => Ok(Box::leak(Box::new(resolved.registry))),
            false => Err(refused(&tree, &resolved.problems)),
        }
    }

    /// The registry of the tree, checked as a build checks it. Prints the warnings of the check.
    /// Fails if the check finds an error.
    pub(crate) fn checked_registry(&self, console: &Console) -> Result<&'static Registry, Failure> {
        let tree = self.read();
        let resolved = resolve(&tree);
        let mut findings = analyse(&resolved);
        findings.extend(resolved.problems);
        Problem::sort(&mut findings);
        let is_error = |finding: &Problem| finding.severity == Severity::Error;
        let (errors, warnings): (Vec<Problem>, Vec<Problem>) =
            findings.into_iter().partition(is_error);
        let warnings = warnings.into_iter().map(|one| located(&tree, one));
        let warnings: Vec<String> = warnings.map(|one| render::problem::text(&one)).collect();
        if !warnings.is_empty() {
            console.print(&Line::Finding(warnings.join("\n\n")));
        }
        match errors.is_empty() {
            true => Ok(Box::leak(Box::new(resolved.registry))),
            false => Err(refused(&tree, &errors)),
        }
    }

    /// The folder that contains the tree: the checkout.
    #[cfg(feature = "local-server")]
    pub(crate) fn checkout(&self) -> Result<&std::path::Path, Failure> {
        match self.path.parent() {
            Some(checkout) if self.path.join(disk::MANIFEST).is_file() => Ok(checkout),
            _ => Err(self.no_tree()),
        }
    }
}

/// The failure of a command that needs a tree without findings.
pub(crate) fn refused<'a>(tree: &Tree, problems: impl IntoIterator<Item = &'a Problem>) -> Failure {
    let errors = problems.into_iter().cloned();
    Failure {
        exit: Exit::Refused,
        errors: errors.map(|problem| located(tree, problem)).collect(),
        view: None,
    }
}

/// A problem of a tree, with the text of its line.
pub(crate) fn located(tree: &Tree, problem: Problem) -> Located {
    Located {
        line: line(tree, &problem),
        problem,
    }
}

fn line(tree: &Tree, problem: &Problem) -> Option<String> {
    let position = problem.position()?;
    let below = problem.path()?.strip_prefix(&tree.root)?;
    let Some(Node::File(bytes)) = tree.nodes.get(below.trim_start_matches('/')) else {
        return None;
    };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    text.lines().nth(position.line - 1).map(str::to_owned)
}
