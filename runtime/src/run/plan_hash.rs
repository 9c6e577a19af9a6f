//! The hash of a plan. It tells whether a run would do what a person has approved.

use migrator_model::Script;
use migrator_plan::{Body, Plan, Step};
use ring::digest::{Context, SHA256};

/// The number of bytes of the SHA-256 digest that the hash shows.
const SHOWN: usize = 16;

/// Returns the hash of a plan: 32 hexadecimal digits.
///
/// Two plans have the same hash if they apply and revert the same migrations in the same order, with
/// the same scripts, and resume the same interrupted ones. A down script that only the history has
/// counts by the checksum of its migration. The database's name, the reason of a step and the notes
/// do not count.
#[must_use]
pub fn plan_hash(plan: &Plan<'_>) -> String {
    let mut context = Context::new(&SHA256);
    for step in &plan.steps {
        add(&mut context, step);
    }
    let digest = context.finish();
    let shown = digest.as_ref().first_chunk::<SHOWN>();
    let shown = shown.map_or(0, |bytes| u128::from_be_bytes(*bytes));
    format!("{shown:032x}")
}

fn add(context: &mut Context, step: &Step<'_>) {
    let start = match step.is_resumed() {
        true => "resumed",
        false => "afresh",
    };
    let scripts = match &step.body {
        Body::Script(script) => vec![*script],
        Body::RecordedScript | Body::Nothing => Vec::new(),
    };
    let body = match &step.body {
        Body::Script(_) => "script",
        Body::RecordedScript => "recorded script",
        Body::Nothing => "nothing",
    };
    let (id, direction) = (step.id.to_string(), step.direction().as_str());
    for part in [&id, direction, start, body, &step.checksum()] {
        add_part(context, part);
    }
    for script in scripts.into_iter().chain(step.recorded_scripts()) {
        add_part(context, &text(script));
    }
}

fn text(script: Script<'_>) -> String {
    script.sql().into_owned()
}

/// Each part has its length before it, so that no two lists of parts are the same bytes.
fn add_part(context: &mut Context, part: &str) {
    context.update(&part.len().to_be_bytes());
    context.update(part.as_bytes());
}

#[cfg(test)]
mod tests {
    use migrator_model::file_name::Direction;
    use migrator_model::{Registry, Tree, resolve};
    use migrator_plan::{History, Plan, Policy, Target, plan};

    use super::plan_hash;

    const MANIFEST: &str =
        "tiers = [\"One\"]\n[services.core]\ntier = \"One\"\ndirectory = \"core\"\n";

    fn registry(migrations: &[(&str, &str, &str)]) -> Registry {
        let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
        for (number, (name, up, down)) in migrations.iter().enumerate() {
            let stem = format!(
                "migrations/core/2024010{}000000_{number:08x}_{name}",
                number + 1
            );
            tree = tree
                .with_file(&format!("{stem}.up.sql"), *up)
                .with_file(&format!("{stem}.down.sql"), *down);
        }
        let resolved = resolve(&tree);
        assert_eq!(resolved.problems, []);
        resolved.registry
    }

    fn hash(migrations: &[(&str, &str, &str)]) -> String {
        let registry = registry(migrations);
        let history = History::default();
        let (target, policy) = (Target::all(), Policy::default());
        let plan = plan(&registry, &history, Direction::Up, &target, policy);
        plan_hash(&plan.expect("nothing is in the way"))
    }

    #[test]
    fn a_hash_changes_with_each_script_and_name_and_with_the_number_of_steps() {
        let one = ("a", "SELECT 1;", "SELECT 2;");
        let same = hash(&[one]);
        assert_eq!(same.len(), 32);
        assert_eq!(same, hash(&[one]));
        for other in [
            &[("b", "SELECT 1;", "SELECT 2;")][..],
            &[("a", "SELECT 1; ", "SELECT 2;")],
            &[("a", "SELECT 1;", "SELECT 3;")],
            &[one, ("b", "SELECT 1;", "SELECT 2;")],
        ] {
            assert_ne!(same, hash(other), "{other:?}");
        }
        assert_ne!(same, plan_hash(&Plan::default()));
    }
}
