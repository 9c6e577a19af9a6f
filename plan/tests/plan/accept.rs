//! Plans that record scripts which were edited after they were applied.

use migrator_model::file_name::Direction;
use migrator_model::{Registry, Version};
use migrator_plan::accept::RecordedScripts;
use migrator_plan::history::{Entry, History};
use migrator_plan::{Conflict, Edit, Record, accept, edits};

use super::support::{applied, conflict_in_short, outcome_in_short, platform, version};

/// The recorded scripts of these entries: those of the registry.
fn scripts(registry: &Registry, entries: &[Entry]) -> RecordedScripts {
    let entries = entries.iter();
    let known = entries.filter_map(|entry| registry.migration("core", entry.id.version));
    let script = |script: migrator_model::Script<'_>| Some(script.sql().into_owned());
    known
        .map(|m| (m.version, (script(m.up()), script(m.down()))))
        .collect()
}

fn found<'r>(
    registry: &'r Registry,
    entries: &[Entry],
    version: Option<Version>,
) -> Result<Vec<Edit<'r>>, Vec<Conflict>> {
    let history = History::new(entries.to_vec());
    let scripts = scripts(registry, entries);
    edits(registry, &history, "core", version, scripts)
}

fn refusal(registry: &Registry, entries: &[Entry], number: i64) -> String {
    let refused = found(registry, entries, Some(version(number)));
    conflict_in_short(&refused.expect_err("it is refused")[0])
}

/// Both migrations of `core`; in the registry the second one has an edited up script.
fn edited() -> (Registry, Vec<Entry>) {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    "7".clone_into(&mut entries[1].checksum);
    (registry, entries)
}

#[test]
fn a_step_for_each_edit_replaces_its_scripts_and_runs_nothing() {
    let (registry, entries) = edited();
    let edits = found(&registry, &entries, None).expect("they are read");
    assert_eq!(edits.len(), 1);
    assert!(edits[0].is_up() && !edits[0].is_down());
    let plan = accept(&History::new(entries.clone()), &edits).expect("nothing has changed");
    let [step] = <[_; 1]>::try_from(plan.steps).expect("one step");
    assert!(!step.has_script() && step.applies().is_none());
    assert_eq!(step.direction(), Direction::Up);
    assert_eq!(step.entry(), Some(&entries[1]));
    let Record::Replace(_, migration) = &step.record else {
        panic!("{step:?}")
    };
    assert_eq!(step.checksum(), migration.checksum.to_string());
    assert_eq!(step.recorded_scripts().len(), 2);
}

#[test]
fn an_unapplied_missing_or_dirty_migration_is_refused() {
    let (registry, mut entries) = edited();
    assert_eq!(refusal(&registry, &entries[..1], 4), "M0401 core/4");
    assert_eq!(refusal(&registry, &entries, 9), "M0401 core/9");
    let without = platform().changed(|data| {
        data.migrations.retain(|m| m.version != version(4));
    });
    assert_eq!(refusal(&without, &entries, 4), "M0402 core/4");
    entries[1].dirty = Some(Direction::Up);
    assert_eq!(refusal(&registry, &entries, 4), "M0404 core/4");
    assert_eq!(
        found(&registry, &entries, None).map(|edits| edits.len()),
        Ok(0),
        "of all, a dirty one is left out"
    );
    entries[1].dirty = None;
    entries[1].id.uid = "ffffffff".into();
    assert_eq!(refusal(&registry, &entries, 4), "M0401 core/4");
}

#[test]
fn nothing_is_planned_if_one_entry_has_changed_since() {
    let registry = platform();
    let mut entries = applied(&registry, "core/1 core/4");
    for entry in &mut entries {
        "7".clone_into(&mut entry.checksum);
    }
    let edits = found(&registry, &entries, None).expect("they are read");
    assert_eq!(edits.len(), 2);
    "8".clone_into(&mut entries[1].checksum);
    let refused = accept(&History::new(entries.clone()), &edits);
    assert_eq!(outcome_in_short(refused), ["M0401 core/4"]);
    let refused = accept(&History::default(), &edits);
    assert_eq!(outcome_in_short(refused), ["M0401 core/1", "M0401 core/4"]);
}
