//! Each kind of fault a few times: `cargo run -p migrator-bench --bin chaos` tries them often.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

use migrator_bench::chaos::{PARTS, Setting};

/// Tries a fault so often, with a seed that the failure names.
fn survives(part: &str, tries: usize) {
    let part = PARTS.iter().find(|one| one.name == part);
    let tally = part.expect("it is a part").tally(&Setting {
        program: env!("CARGO_BIN_EXE_chaos").into(),
        seed: 20_261_122,
        tries: Some(tries),
        extra: Vec::new(),
    });
    assert_eq!(tally.tries, tries);
    assert!(tally.losses.is_empty(), "{tally:#?}");
}

#[test]
fn nothing_is_lost_when_a_process_is_killed() {
    survives("kill", 6);
}

#[test]
fn nothing_is_lost_when_a_process_is_killed_outside_a_transaction() {
    survives("kill-indexes", 6);
}

#[test]
fn what_was_promised_outlives_a_server_that_stops_at_once() {
    survives("crash", 6);
}
