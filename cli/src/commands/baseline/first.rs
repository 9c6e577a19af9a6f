//! Writes the first migration of a service from the schema of a database.

use std::path::{Path, PathBuf};

use migrator_analysis::analyse;
use migrator_analysis::draft::{Draft, down};
use migrator_model::file_name::{Direction, FileName};
use migrator_model::{Code, Problem, Registry, Severity, disk, resolve};
use migrator_runtime::{Migrator, Options, connect};
use migrator_verify::Error;

use super::super::context::Context;
use super::super::create::{uid, version as new_version, write_all};
use super::clean;
use crate::arguments as args;
use crate::database::pg_dump::{Details, Extent, PgDump};
use crate::database::version;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tree::{Folder, refused};

/// The name of the migration.
const NAME: &str = "baseline";

/// The first migration of a service, before it is written.
pub(super) struct First {
    /// The registry of the tree as it will be.
    pub(super) registry: &'static Registry,
    /// What the draft of the down script leaves to its author.
    pub(super) gaps: Vec<String>,
    folder: PathBuf,
    shown: PathBuf,
    files: Vec<(FileName, String)>,
}

impl First {
    /// Reads the schema of the database. Writes nothing.
    pub(super) async fn draft(
        context: &Context,
        baseline: &args::Baseline,
        options: &Options,
        chosen: &'static Registry,
    ) -> Result<First, Failure> {
        let folder = context.folder()?;
        let dump = dump(context, baseline, options, chosen).await?;
        let up = clean::up_script(&dump).ok_or_else(empty)?;
        let (down, gaps) = match down(&clean::to_revert(&up)) {
            Draft::Script { sql, gaps } => (sql, gaps),
            Draft::Impossible(reason) => return Err(irreversible(&reason)),
        };
        First::checked(&folder, baseline, [up, down], gaps)
    }

    /// Checks the tree as it will be.
    fn checked(
        folder: &Folder,
        baseline: &args::Baseline,
        [up, down]: [String; 2],
        gaps: Vec<String>,
    ) -> Result<First, Failure> {
        let mut tree = folder.read();
        let resolved = resolve(&tree);
        let Some(service) = resolved.registry.find_service(&baseline.service) else {
            return Err(refused(&tree, &resolved.problems));
        };
        let name = FileName {
            version: new_version(&resolved.registry, service.name),
            uid: uid(&resolved.registry),
            name: NAME.to_owned(),
            direction: Direction::Up,
        };
        let below = format!("{}/{}", disk::MIGRATIONS, service.directory);
        let files = vec![(name.clone(), up), (name.partner(), down)];
        for (name, text) in &files {
            tree = tree.with_file(&format!("{below}/{name}"), text.as_str());
        }
        let resolved = resolve(&tree);
        let mut problems = analyse(&resolved);
        problems.extend(resolved.problems);
        Problem::sort(&mut problems);
        problems.retain(|problem| problem.severity == Severity::Error);
        if !problems.is_empty() {
            return Err(refused(&tree, &problems));
        }
        Ok(First {
            // The registry is used until the process ends.
            registry: Box::leak(Box::new(resolved.registry)),
            gaps,
            folder: folder.path.join(&below),
            shown: Path::new(&folder.shown).join(&below),
            files,
        })
    }

    /// The paths of the files.
    pub(super) fn created(&self) -> Vec<String> {
        let names = self.files.iter().map(|(name, _)| name.to_string());
        let paths = names.map(|name| self.shown.join(name).display().to_string());
        paths.collect()
    }

    /// Writes both files or none.
    pub(super) fn write(&self) -> Result<(), Failure> {
        write_all(&self.folder, &self.shown, &self.files)
    }
}

/// The schema of the database, without the history and the schemas of other services.
async fn dump(
    context: &Context,
    baseline: &args::Baseline,
    options: &Options,
    chosen: &'static Registry,
) -> Result<String, Failure> {
    let settings = context.settings(chosen)?;
    let client = connect(settings.clone()).await?;
    let version = version::of(&client).await.map_err(Error::Catalog)?;
    let migrator = Migrator::with_options(chosen, options.clone());
    let recorded = migrator.recorded(&client).await?;
    client.close().await;
    let scripts = recorded.iter().filter_map(|one| one.up_script.as_deref());
    let mut without: Vec<String> = scripts.flat_map(clean::schemas).collect();
    without.push(options.schema.clone());
    let extent = Extent {
        without,
        only: baseline.schemas.clone(),
        details: match baseline.with_grants {
            true => Details::Privileges,
            false => Details::Neither,
        },
    };
    let program = PgDump::find(version.major)?;
    program.schema(&settings, &extent, options.lock_timeout)
}

fn empty() -> Failure {
    let message = "the database has nothing that a first migration could make";
    let help = "name the right database and schemas; `migrator create` begins a new schema";
    Failure::new(Code::M1006, Exit::Refused, message, help)
}

fn irreversible(reason: &str) -> Failure {
    let message = format!("no part of the down script can be derived: {reason}");
    let help =
        "write the first migration with `migrator create`, then run `migrator baseline` again";
    Failure::new(Code::M1006, Exit::Refused, message, help)
}
