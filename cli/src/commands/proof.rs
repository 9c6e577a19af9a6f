//! Compares migrations with the live database before a command records them without running them.

use std::collections::BTreeMap;

use migrator_model::{Code, MigrationId, Problem, Registry, Version};
use migrator_runtime::Selection;

use super::beside::detected;
use super::context::Context;
use super::session::{Session, write_lines};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::jsonl;
use crate::view::{Claimed, Detected, Located};
use crate::words::count;

/// What the live database shows of the migrations of a service.
pub(super) struct Proof {
    /// The migrations to record, in plan order.
    pub(super) claims: Vec<Claimed>,
    /// The other migrations that the history does not have.
    pub(super) pending: Vec<Detected>,
}

impl Proof {
    /// These migrations, without a comparison with the database.
    pub(super) fn none(claims: impl Iterator<Item = MigrationId>) -> Proof {
        Proof {
            claims: claims
                .map(|id| Claimed {
                    id,
                    evidence: None,
                    is_accepted: false,
                })
                .collect(),
            pending: Vec::new(),
        }
    }

    /// Looks for the migrations of a service in the live database. Changes nothing there.
    pub(super) async fn find(
        context: &Context,
        session: &Session,
        service: &str,
        claims: Vec<MigrationId>,
        accepted: &[Version],
    ) -> Result<Proof, Failure> {
        write_lines(&context.console, [jsonl::comparing()]);
        let Session { migrator, client } = session;
        let services = Selection::Named(vec![service.to_owned()]);
        let found = Box::pin(detected(context, client, migrator, &services)).await?;
        let found = found.into_iter().map(|one| (one.id, one.evidence));
        let mut found: BTreeMap<_, _> = found.collect();
        let wanted = claims.len();
        let claims: Vec<Claimed> = claims
            .into_iter()
            .filter_map(|id| {
                Some(Claimed {
                    evidence: Some(found.remove(&id)?),
                    is_accepted: accepted.contains(&id.version),
                    id,
                })
            })
            .collect();
        if claims.len() < wanted {
            return Err(migrator_verify::Error::Moving.into());
        }
        let pending = found.into_iter();
        Ok(Proof {
            claims,
            pending: pending
                .map(|(id, evidence)| Detected { id, evidence })
                .collect(),
        })
    }
}

/// Fails if a service has no migration of a version that the user names.
pub(super) fn check_versions<'v>(
    registry: &Registry,
    service: &str,
    mut versions: impl Iterator<Item = &'v Version>,
) -> Result<(), Failure> {
    let unknown = versions.find(|version| registry.migration(service, **version).is_none());
    unknown.map_or(Ok(()), |version| {
        let message = format!("`{service}` has no migration of the version {version}");
        let help = "`migrator status --migrations` lists the migrations";
        Err(Failure::new(Code::M0406, Exit::Usage, message, help))
    })
}

/// The failure if the catalog contradicts migrations that the user has not accepted. `advice` says
/// what to do without `--accept`.
pub(super) fn contradicted(claims: &[Claimed], advice: &str) -> Option<Failure> {
    let wrong = claims.iter().filter(|one| one.is_refused());
    let versions: Vec<String> = wrong
        .clone()
        .map(|one| one.id.version.to_string())
        .collect();
    let problems = wrong.map(|one| {
        let version = one.id.version;
        let help = format!("{advice}; `--accept={version}` records it anyway");
        problem(one, help)
    });
    let mut failure = failure(problems.collect())?;
    if let (2.., Some(last)) = (versions.len(), failure.errors.last_mut()) {
        let all = versions.join(",");
        last.note(
            "note",
            format!("`--accept={all}` records all of these migrations"),
        );
    }
    Some(failure)
}

/// One refusal of all these problems.
pub(super) fn failure(problems: Vec<Problem>) -> Option<Failure> {
    (!problems.is_empty()).then(|| Failure {
        exit: Exit::Refused,
        errors: problems.into_iter().map(Located::nowhere).collect(),
        view: None,
    })
}

/// What is missing of a migration.
pub(super) fn problem(one: &Claimed, help: String) -> Problem {
    let id = &one.id;
    let found = one.evidence.as_ref();
    let message = match found.map(|found| (found, found.reason.as_ref())) {
        Some((_, Some(reason))) => {
            format!("cannot tell whether `{id}` is in the database: {reason}")
        }
        Some((found, None)) => format!(
            "the database has {} of {} of `{id}`",
            found.found,
            count(found.made, "effect")
        ),
        None => format!("`{id}` was not compared with the database"),
    };
    Problem::new(Code::M1006, message, help)
}
