//! `create --down-for` and `create --restamp`: files of a migration that exists.

use std::fs;
use std::path::{Path, PathBuf};

use migrator_analysis::draft::{Draft, down};
use migrator_analysis::template::PLACEHOLDER;
use migrator_model::file_name::{Direction, FileName};
use migrator_model::{Code, resolve, sql};

use super::super::context::{Answer, Context, Outcome};
use super::stamp::version;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Create, View};

/// A script on disk.
struct File {
    name: FileName,
    folder: PathBuf,
}

impl File {
    fn open(path: &Path) -> Result<File, Failure> {
        let name = path.file_name().and_then(|name| name.to_str());
        let parsed = name.and_then(FileName::read);
        match parsed.filter(|_| path.is_file()) {
            Some(name) => Ok(File {
                name,
                folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            }),
            None => Err(failed(
                format!("there is no script of a migration at `{}`", path.display()),
                "name an existing file, such as the up script `VERSION_UID_NAME.up.sql`",
            )),
        }
    }

    fn path(&self, name: &FileName) -> PathBuf {
        self.folder.join(name.to_string())
    }

    fn up(&self) -> FileName {
        match self.name.direction {
            Direction::Up => self.name.clone(),
            Direction::Down => self.name.partner(),
        }
    }
}

fn failed(message: String, help: impl Into<String>) -> Failure {
    Failure::new(Code::M0116, Exit::Usage, message, help)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("`{}` cannot be read or written", path.display());
    let help = "see that you may read and write the folder";
    Failure::new(Code::M0116, Exit::Failed, message, help).because(error.to_string())
}

/// Whether a script has no statement but the line of the template.
fn is_template(text: &str) -> bool {
    let statements = sql::statements(text);
    match statements.as_slice() {
        [] => true,
        [only] => text[only.start..].starts_with(PLACEHOLDER),
        _ => false,
    }
}

/// Drafts the down script of an up script.
pub(super) fn down_for(path: &Path) -> Outcome {
    let file = File::open(path)?;
    let up = file.path(&file.up());
    let text = fs::read_to_string(&up).map_err(|error| unwritten(&up, &error))?;
    let target = file.path(&file.up().partner());
    match fs::read_to_string(&target) {
        Ok(old) if !is_template(&old) || old.contains("irreversible") => {
            return Err(failed(
                format!("`{}` exists", target.display()),
                "remove the file to replace it with a draft",
            ));
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unwritten(&target, &error));
        }
        _ => {}
    }
    let (sql, gaps) = match down(&text) {
        Draft::Script { sql, gaps } => (sql, gaps),
        Draft::Impossible(reason) => {
            let message = format!("no part of the down script can be derived: {reason}");
            let help = "write the script, or `-- migrator: irreversible because …`";
            return Err(failed(message, help));
        }
    };
    fs::write(&target, sql).map_err(|error| unwritten(&target, &error))?;
    Ok(Answer::done(View::Create(Create {
        created: vec![target.display().to_string()],
        gaps,
        renamed: Vec::new(),
        findings: 0,
    })))
}

/// Gives both files of a migration a new version.
pub(super) fn restamp(context: &Context, path: &Path) -> Outcome {
    let file = File::open(path)?;
    let tree = context.folder()?.read();
    let registry = resolve(&tree).registry;
    let up = file.up();
    let mut all = registry.migrations();
    let own = all.find(|one| one.uid == up.uid && one.version == up.version);
    let Some(own) = own else {
        let message = format!("`{}` is no migration of the tree", path.display());
        return Err(failed(message, "run `migrator check` to see why"));
    };
    let reference = own.reference();
    let mut others = registry.migrations();
    if let Some(other) = others.find(|one| one.requires().contains(&reference)) {
        let message = format!("`{other}` requires `{reference}`");
        let help = "remove its `requires` directive, or restamp that migration too, \
            and write the new version in it";
        return Err(failed(message, help));
    }
    let new = FileName {
        version: version(&registry, own.service),
        ..up.clone()
    };
    let moves = [(up.clone(), new.clone()), (up.partner(), new.partner())];
    let (mut created, mut renamed) = (Vec::new(), Vec::new());
    for (old, new) in &moves {
        let (old, new) = (file.path(old), file.path(new));
        if let Err(error) = fs::rename(&old, &new) {
            for (back, now) in renamed.iter().zip(&created) {
                // If the file cannot be moved back, `migrator check` reports the pair.
                let _ = fs::rename(now, back);
            }
            return Err(unwritten(&old, &error));
        }
        created.push(new.display().to_string());
        renamed.push(old.display().to_string());
    }
    Ok(Answer::done(View::Create(Create {
        created,
        gaps: Vec::new(),
        renamed,
        findings: 0,
    })))
}
