//! Histories that `adopt` does not take over.

use super::support::{connect, execute, query};
use super::{Checkout, assert_done, fixtures};

/// Adopts, and expects a refusal that leaves the tree and the database as they were.
pub(crate) fn assert_refused(checkout: &Checkout, code: &str, message: &str) {
    let refused = checkout.adopt(&["--yes"]);
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    assert!(refused.contains(&format!("error[{code}]")), "{refused}");
    assert!(refused.contains(message), "{refused}");
    assert_unrecorded(checkout);
}

pub(crate) fn assert_unrecorded(checkout: &Checkout) {
    let count = "SELECT 'x' WHERE to_regclass('migrator.history') IS NOT NULL";
    if !query(&checkout.url, count).is_empty() {
        let rows = "SELECT name FROM migrator.history";
        assert_eq!(query(&checkout.url, rows), Vec::<String>::new());
    }
}

/// Does something between two statements of a session.
pub(crate) fn while_held(url: &str, [take, release]: [&str; 2], work: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    let session = runtime.block_on(connect(url));
    let send = |sql: &str| runtime.block_on(session.batch_execute(sql)).expect(sql);
    send(take);
    work();
    send(release);
}

#[test]
fn a_dirty_history_is_refused() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, true));
    assert_refused(&checkout, "M1003", "migration `2` failed");
    assert_eq!(checkout.files(), Vec::<String>::new());
}

#[test]
fn a_history_with_an_unknown_migration_is_refused() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(9, false));
    assert_refused(&checkout, "M1005", "migration `9`");
    assert_eq!(checkout.files(), Vec::<String>::new());
}

#[test]
fn a_table_of_another_tool_is_refused() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::dbmate_history());
    let message = "`public.schema_migrations` has no column `dirty`";
    assert_refused(&checkout, "M1004", message);
    let checkout = fixtures::golang_migrate().applied("SELECT 1");
    assert_refused(&checkout, "M1004", "there is no table `schema_migrations`");
}

#[test]
fn a_view_is_not_read() {
    let checkout = fixtures::golang_migrate().applied(
        "CREATE SEQUENCE called; \
         CREATE VIEW schema_migrations AS SELECT nextval('called') AS version, false AS dirty;",
    );
    assert_refused(&checkout, "M1004", "is not a plain table");
    let called = "SELECT is_called::text FROM called";
    assert_eq!(query(&checkout.url, called), ["false"]);
}

#[test]
fn a_table_of_an_untrusted_role_is_not_read() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, false));
    let (_, name) = checkout.url.rsplit_once('/').expect("a name");
    let role = format!("stranger_of_{}", name.replace('-', "_"));
    execute(
        &checkout.url,
        &format!("CREATE ROLE {role}; ALTER TABLE schema_migrations OWNER TO {role}"),
    );
    assert_refused(
        &checkout,
        "M1004",
        "belongs to a role that this role does not trust",
    );
    execute(
        &checkout.url,
        "ALTER TABLE schema_migrations OWNER TO postgres; \
         CREATE DOMAIN positive AS bigint CHECK (VALUE > 0); \
         ALTER TABLE schema_migrations ADD COLUMN more positive",
    );
    assert_refused(&checkout, "M1004", "the column `more`");
    execute(
        &checkout.url,
        "ALTER TABLE schema_migrations DROP COLUMN more",
    );
    assert_done(&checkout.adopt(&[]));
    execute(&checkout.url, &format!("DROP ROLE {role}"));
}

#[test]
fn a_tool_at_work_is_not_disturbed() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, false));
    // Each write of the tool locks its table.
    let write = "BEGIN; UPDATE schema_migrations SET dirty = true";
    while_held(&checkout.url, [write, "ROLLBACK"], || {
        assert_refused(&checkout, "M1007", "golang-migrate is at work");
    });
    assert_done(&checkout.adopt(&[]));
}

#[test]
fn the_advisory_lock_of_a_tool_counts() {
    let checkout = fixtures::goose().applied(&fixtures::goose_history());
    let lock = ["", "un"].map(|un| format!("SELECT pg_advisory_{un}lock(4097083626)"));
    while_held(&checkout.url, [&lock[0], &lock[1]], || {
        assert_refused(&checkout, "M1007", "goose is at work");
    });
    assert_done(&checkout.adopt(&[]));
}

#[test]
fn an_entry_of_another_script_is_a_conflict() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, false));
    assert_done(&checkout.adopt(&[]));
    execute(
        &checkout.url,
        "UPDATE migrator.notes_history SET checksum = '1', fingerprint = '0' \
         WHERE name LIKE '%author'",
    );
    let refused = checkout.adopt(&[]);
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    assert!(refused.contains("error[M0401]"), "{refused}");
}

#[test]
fn a_role_that_does_not_own_the_table_leaves_no_comment() {
    let checkout = fixtures::golang_migrate().applied(&fixtures::golang_migrate_history(2, false));
    let (_, name) = checkout.url.rsplit_once('/').expect("a name");
    let role = format!("deployer_of_{}", name.replace('-', "_"));
    execute(
        &checkout.url,
        &format!(
            "CREATE ROLE {role} LOGIN; GRANT SELECT, UPDATE ON schema_migrations TO {role}; \
             GRANT CREATE ON DATABASE {name} TO {role}"
        ),
    );
    let own = checkout.url.replace("//postgres@", &format!("//{role}@"));
    let checkout = Checkout {
        url: own,
        ..checkout
    };
    let adopted = checkout.adopt(&[]);
    assert_done(&adopted);
    assert!(
        adopted.contains("does not own `public.schema_migrations`"),
        "{adopted}"
    );
}
