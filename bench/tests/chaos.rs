//! Tries each fault a few times; `cargo run -p migrator-bench --bin chaos` tries them often.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops at what it cannot set up, and says what it leaves out"
)]

use migrator_bench::chaos::{PARTS, Setting};

/// Tries a fault this number of times; a failure names the seed.
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
    survives("kill", 4);
}

#[test]
fn nothing_is_lost_when_a_process_is_killed_outside_a_transaction() {
    survives("kill-indexes", 4);
}

#[test]
fn nothing_is_lost_when_sessions_are_ended_and_cancelled_with_four_jobs() {
    survives("ended", 6);
}

#[test]
fn confirmed_commits_survive_an_immediate_stop_of_the_server() {
    survives("crash", 4);
}

#[test]
fn a_promoted_standby_has_only_complete_migrations_and_every_confirmed_one() {
    survives("failover", 4);
}

#[test]
fn nothing_is_lost_when_a_connection_is_cut_in_a_message() {
    survives("cut", 8);
}

#[test]
fn nothing_is_lost_when_the_server_restarts_while_a_run_waits() {
    survives("restart", 1);
}

#[test]
fn fifty_processes_at_once_migrate_an_empty_database_once() {
    survives("crowd-empty", 1);
}

#[test]
fn fifty_processes_at_once_apply_pending_migrations_once() {
    survives("crowd-pending", 1);
}

#[test]
fn more_processes_than_the_server_has_connections_lose_nothing() {
    survives("crowd-small", 1);
}

#[test]
fn builds_of_different_age_do_not_harm_each_other() {
    survives("ages", 2);
}

#[test]
fn deploys_of_two_services_do_not_wait_for_each_other() {
    survives("deploys", 1);
}

#[test]
fn an_index_is_created_concurrently_while_others_wait_for_the_lock() {
    survives("index", 1);
}

#[test]
fn the_next_run_finishes_an_index_of_a_killed_run() {
    survives("index-killed", 4);
}

/// Behind `PgBouncer`. The test is skipped only if the variable says that it is not installed.
fn survives_pooled(part: &str) {
    match std::env::var_os("MIGRATOR_WITHOUT_PGBOUNCER") {
        Some(_) => println!("skipped: MIGRATOR_WITHOUT_PGBOUNCER is set"),
        None => survives(part, 3),
    }
}

#[test]
fn nothing_is_lost_through_a_pooler_in_transaction_mode() {
    survives_pooled("pooler-transaction");
}

#[test]
fn nothing_is_lost_through_a_small_pooler_without_a_reset_query() {
    survives_pooled("pooler-small");
}

#[test]
fn nothing_is_lost_through_a_pooler_in_session_mode() {
    survives_pooled("pooler-session");
}

#[test]
fn a_run_that_has_lost_its_lock_applies_no_further_migration() {
    survives("lock-lost", 1);
}

#[test]
fn the_next_run_waits_for_a_step_of_a_killed_run() {
    survives("kill-waiting", 2);
}

#[test]
fn a_run_right_after_a_killed_one_finishes() {
    survives("kill-next", 3);
}
