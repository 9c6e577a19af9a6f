//! Tests the order of the migrations in valid trees.

use crate::generated::{Requires, Spec, specs};
use migrator_model::{Registry, resolve};
use proptest::prelude::*;

fn registry(spec: &Spec) -> Registry {
    let resolved = resolve(&spec.tree());
    assert_eq!(resolved.problems, []);
    resolved.registry
}

fn order(registry: &Registry) -> Vec<String> {
    let migrations = registry.migrations();
    migrations.map(|m| m.reference().to_string()).collect()
}

fn without_requires(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    for migration in &mut spec.migrations {
        migration.requires.clear();
    }
    spec
}

proptest! {
    #[test]
    fn services_run_by_tier_then_by_dependency_then_by_name(spec in specs(Requires::Some)) {
        let services = registry(&spec).data().services;
        for (i, service) in services.iter().enumerate() {
            for other in &service.depends_on {
                prop_assert!(services[..i].iter().any(|before| before.name == *other));
            }
        }
        for pair in services.windows(2) {
            let (one, next) = (&pair[0], &pair[1]);
            let by_dependency = next.depends_on.contains(&one.name);
            prop_assert!((one.tier, &one.name) < (next.tier, &next.name) || by_dependency);
            prop_assert!(one.tier <= next.tier);
        }
    }

    #[test]
    fn without_requires_one_service_runs_after_the_other(spec in specs(Requires::None)) {
        let registry = registry(&spec);
        let expected: Vec<String> = registry
            .services()
            .flat_map(|service| registry.migrations_of(service.name))
            .map(|migration| migration.reference().to_string())
            .collect();
        prop_assert_eq!(order(&registry), expected);
        prop_assert_eq!(registry.len(), spec.migrations.len());
    }

    #[test]
    fn a_service_runs_in_the_order_of_its_versions(spec in specs(Requires::Some)) {
        let registry = registry(&spec);
        for service in registry.services() {
            let versions = registry.migrations_of(service.name).map(|m| m.version);
            prop_assert!(versions.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn a_migration_runs_after_what_it_requires(spec in specs(Requires::Some)) {
        let order = order(&registry(&spec));
        let at = |i| order.iter().position(|other| *other == spec.reference(i));
        for (i, migration) in spec.migrations.iter().enumerate() {
            prop_assert!(migration.requires.iter().all(|&other| at(other) < at(i)));
        }
    }

    /// If a migration runs directly before one that it would follow without `requires`, the
    /// second one requires the first.
    #[test]
    fn requires_moves_a_migration_later_and_never_earlier(spec in specs(Requires::Some)) {
        let plain = order(&registry(&without_requires(&spec)));
        let registry = registry(&spec);
        let rank = |name: &str| plain.iter().position(|other| other == name);
        for (one, next) in registry.migrations().zip(registry.migrations().skip(1)) {
            let moved = rank(&one.reference().to_string()) > rank(&next.reference().to_string());
            prop_assert!(!moved || next.requires().contains(&one.reference()));
        }
    }

    #[test]
    fn the_order_of_the_manifest_does_not_matter(
        (spec, tables) in specs(Requires::Some).prop_flat_map(|spec| {
            let tables: Vec<usize> = (0..spec.services.len()).collect();
            (Just(spec), Just(tables).prop_shuffle())
        })
    ) {
        prop_assert_eq!(resolve(&spec.tree_with(&tables)).registry, registry(&spec));
    }
}
