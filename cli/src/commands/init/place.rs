//! Where `init` writes: in a new crate, in a crate that exists, or in a folder without a crate.

use std::env;
use std::path::{Path, PathBuf};

use migrator_model::{Code, service_name_fault};

use super::cargo_toml::CargoToml;
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;

/// The name of a tree's folder. The commands find a tree with this name without `--directory`.
const TREE: &str = "database";

/// Where `init` writes.
pub(super) struct Place {
    /// The folder of the tree's folder. The path is relative to the current folder, and empty for
    /// the current folder itself.
    pub(super) base: PathBuf,
    /// The name of the tree's folder.
    pub(super) tree: String,
    pub(super) kind: Kind,
    service: Option<String>,
}

/// What the folder is.
pub(super) enum Kind {
    /// A crate that does not exist yet.
    NewCrate,
    /// A crate that exists.
    Crate(CargoToml),
    /// A folder without a crate.
    Folder,
}

impl Place {
    /// The place that the arguments name.
    pub(super) fn of(init: &args::Init) -> Result<Place, Failure> {
        let service = init.service.clone();
        if let Some(folder) = &init.folder {
            return Ok(Place {
                base: folder.parent().unwrap_or(Path::new("")).to_owned(),
                tree: last_part(folder),
                kind: Kind::Folder,
                service,
            });
        }
        let base = init.name.clone().unwrap_or_default();
        let kind = match CargoToml::read(&base)? {
            Some(found) => Kind::Crate(found),
            None if init.name.is_some() => Kind::NewCrate,
            None => return Err(no_crate()),
        };
        Ok(Place {
            base,
            tree: TREE.to_owned(),
            kind,
            service,
        })
    }

    /// The service that owns the first migration.
    pub(super) fn service(&self) -> Result<String, Failure> {
        if let Some(service) = &self.service {
            return Ok(service.clone());
        }
        let name = self.name();
        let service = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
        let Some(fault) = service_name_fault(&service) else {
            return Ok(service);
        };
        Err(Failure::new(
            Code::M0308,
            Exit::Usage,
            format!("`{name}` cannot be the name of a service: {fault}"),
            "name the service with `--service`",
        ))
    }

    /// The name of the crate or the folder.
    pub(super) fn name(&self) -> String {
        match &self.kind {
            Kind::Crate(found) => found.name.clone(),
            Kind::NewCrate | Kind::Folder => last_part(&self.absolute()),
        }
    }

    /// The absolute path of the base.
    pub(super) fn absolute(&self) -> PathBuf {
        let path = env::current_dir().unwrap_or_default().join(&self.base);
        path.canonicalize().unwrap_or(path)
    }

    /// The option that names the tree, with a space before it. The commands find the usual folder
    /// without the option.
    pub(super) fn directory(&self) -> String {
        match self.tree.as_str() {
            TREE => String::new(),
            tree => format!(" --directory={tree}"),
        }
    }

    /// The path of a file or folder of the base, from the top of the git repository. Without a
    /// repository, the base is the top.
    pub(super) fn in_repository(&self, file: &str) -> String {
        let base = self.absolute();
        let top = base.ancestors().find(|folder| folder.join(".git").exists());
        let below = top.and_then(|top| base.strip_prefix(top).ok());
        let path = below.unwrap_or(Path::new("")).join(file);
        path.display().to_string()
    }
}

fn last_part(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn no_crate() -> Failure {
    Failure::new(
        Code::M0116,
        Exit::Usage,
        "there is no `Cargo.toml` in this folder",
        "`migrator init NAME` writes a new crate, and `migrator init --folder` a tree without Rust",
    )
}
