//! Plans that record a dirty migration as applied or reverted.

use migrator_model::file_name::Direction;
use migrator_plan::history::History;
use migrator_plan::{Outcome, Record, repair};

use super::support::{applied, outcome_in_short, platform, version};

#[test]
fn one_step_that_runs_nothing_records_what_the_user_says() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    for interrupted in [Direction::Up, Direction::Down] {
        entries[1].dirty = Some(interrupted);
        let history = History::new(entries.clone());
        let step = |outcome| {
            let plan = repair(&history, "core", version(4), outcome).expect("it is dirty");
            let [step] = <[_; 1]>::try_from(plan.steps).expect("one step");
            assert!(!step.has_script() && !step.is_resumed());
            assert_eq!(step.entry(), Some(&entries[1]));
            step
        };
        let applied = step(Outcome::Applied);
        assert!(matches!(applied.record, Record::MarkClean(_)));
        assert_eq!(applied.direction(), Direction::Up);
        let reverted = step(Outcome::Reverted);
        assert!(matches!(reverted.record, Record::Delete(_)));
        assert_eq!(reverted.direction(), Direction::Down);
    }
}

#[test]
fn a_repair_of_a_clean_migration_is_refused() {
    let registry = platform();
    let history = History::new(applied(&registry, "core/1"));
    for (service, number) in [("core", 1), ("core", 4), ("nobody", 1)] {
        let refused = repair(&history, service, version(number), Outcome::Applied);
        assert_eq!(
            outcome_in_short(refused),
            [format!("M0404 {service}/{number}")]
        );
    }
}
