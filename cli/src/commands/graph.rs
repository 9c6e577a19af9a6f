//! `graph`: a picture of the services and their dependencies.

use std::collections::{BTreeMap, BTreeSet};

use migrator_analysis::{Uses, uses};
use migrator_model::{Migration, Registry};
use migrator_runtime::{Migrator, Selection};

use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::failure::Failure;
use crate::view::{
    DatabaseSide, Declared, Dependency, Graph, GraphService, Requirement, Status, View,
};

pub(super) async fn run(context: &Context, graph: &args::Graph) -> Outcome {
    let registry = context.chosen_registry()?;
    let status = match graph.offline || !context.names_database() {
        true => None,
        false => Some(status(context, registry, &graph.reads).await?),
    };
    let mut view = of(registry, &uses(registry), status.as_ref());
    view.format = graph.format;
    Ok(Answer::done(View::Graph(view)))
}

async fn status(
    context: &Context,
    registry: &'static Registry,
    reads: &args::Reads,
) -> Result<Status, Failure> {
    let options = context.environment.reads(reads)?;
    let client = context.connect(registry, &options).await?;
    let migrator = Migrator::with_options(registry, options);
    let found = migrator.observe(&client, &Selection::All).await?;
    client.close().await;
    Ok(Status::new(found, false))
}

/// The graph of a registry.
pub(super) fn of(registry: &Registry, uses: &[Uses<'_>], status: Option<&Status>) -> Graph {
    Graph {
        tiers: registry.tiers().map(str::to_owned).collect(),
        services: services(registry, status),
        dependencies: dependencies(registry, uses),
        requires: requires(registry),
        format: args::Picture::Svg,
    }
}

fn services(registry: &Registry, status: Option<&Status>) -> Vec<GraphService> {
    let found = status.into_iter().flat_map(|status| &status.services);
    let mut sides: BTreeMap<&str, DatabaseSide> = found
        .map(|state| {
            let side = DatabaseSide {
                condition: state.condition(),
                summary: state.summary.clone(),
            };
            (state.service.as_str(), side)
        })
        .collect();
    let known = registry.services().map(|service| GraphService {
        service: service.name.to_owned(),
        tier: registry.tiers().nth(service.tier).map(str::to_owned),
        description: service.description.to_owned(),
        migrations: service.migrations().len(),
        state: sides.remove(service.name),
    });
    let mut services: Vec<GraphService> = known.collect();
    services.extend(sides.into_iter().map(|(name, state)| GraphService {
        service: name.to_owned(),
        tier: None,
        description: String::new(),
        migrations: 0,
        state: Some(state),
    }));
    services
}

fn dependencies(registry: &Registry, found: &[Uses<'_>]) -> Vec<Dependency> {
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for one in found {
        let others = one.services.iter().map(String::as_str);
        used.extend(others.map(|other| (one.migration.service, other)));
    }
    let mut all = used.clone();
    let mut by_migration: BTreeSet<(&str, &str)> = BTreeSet::new();
    for service in registry.services() {
        all.extend(service.depends_on().map(|other| (service.name, other)));
        let required = service.migrations().flat_map(Migration::required);
        by_migration.extend(required.map(|(other, _)| (service.name, other)));
    }
    let declared = |(service, other): (&str, &str)| {
        let found = registry.find_service(service);
        let is_direct = found.is_some_and(|found| found.depends_on().any(|one| one == other));
        if is_direct {
            Declared::Directly
        } else if registry.dependencies_of(service).contains(other) {
            Declared::Indirectly
        } else if by_migration.contains(&(service, other)) {
            Declared::ByMigration
        } else {
            Declared::Nowhere
        }
    };
    let all = all.into_iter().map(|pair| Dependency {
        service: pair.0.to_owned(),
        on: pair.1.to_owned(),
        declared: declared(pair),
        used: used.contains(&pair),
    });
    all.collect()
}

fn requires(registry: &Registry) -> Vec<Requirement> {
    let all = registry.migrations().flat_map(|migration| {
        let required = migration.required().filter_map(|(service, version)| {
            let required = registry.migration(service, version)?;
            Some(Requirement {
                migration: migration.id(),
                requires: required.id(),
            })
        });
        required.collect::<Vec<_>>()
    });
    all.collect()
}
