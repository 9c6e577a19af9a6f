//! Migrations whose down script says that they are irreversible.

use std::num::NonZeroUsize;

use migrator_runtime::model::Code;
use migrator_runtime::{Error, ErrorKind, Migrator, Options, Registry, Selection, Target};

use crate::support::{Database, Script, done, registry};

const DOWN: &str = "-- Nobody keeps the old names.\r\n\
                    -- migrator: irreversible because the old names are lost\r\n";

const TABLE: Script<'_> = ("core", 1, "CREATE TABLE t (x text);", "DROP TABLE t;");
const LOWER: Script<'_> = ("core", 2, "UPDATE t SET x = lower(x);", DOWN);
const COLUMN: Script<'_> = (
    "core",
    3,
    "ALTER TABLE t ADD y int;",
    "ALTER TABLE t DROP y;",
);

fn conflicts(error: &Error) -> Vec<(Code, String)> {
    let ErrorKind::Refused(conflicts) = &*error.kind else {
        panic!("{error:?}")
    };
    let conflicts = conflicts.iter().map(|one| (one.code, one.message.clone()));
    conflicts.collect()
}

#[tokio::test]
async fn an_irreversible_migration_is_not_reverted_and_nothing_else_is() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let all = registry(&[TABLE, LOWER, COLUMN]);
    database.up(all).await.expect("it runs");
    // A binary that has all three, one that never had the last two, and one that has a changed
    // second one.
    let other = registry(&[TABLE, ("core", 2, "UPDATE t SET x = 'y';", "SELECT 1;")]);
    let binaries: [&'static Registry; 3] = [all, registry(&[TABLE]), other];
    for binary in binaries {
        let migrator = || Migrator::with_options(binary, Options::default());
        let targets = [
            Target::service("core"),
            Target::service("core").steps(NonZeroUsize::new(2).expect("it is not 0")),
            Target::all(),
        ];
        for target in targets {
            let error = migrator().down(&mut client, target).await;
            let error = error.expect_err("it is refused");
            assert!(error.report.done.is_empty());
            assert_eq!(
                conflicts(&error),
                [(
                    Code::M0408,
                    "this migration cannot be reverted: the old names are lost".to_owned()
                )]
            );
        }
        let status = migrator().status(&client, &Selection::All).await;
        let status = status.expect("the history is read");
        let core = status.services.iter().find(|s| s.service == "core");
        let migrations = &core.expect("it is there").migrations;
        let reasons: Vec<Option<&str>> = migrations
            .iter()
            .map(|migration| migration.irreversible.as_deref())
            .collect();
        assert_eq!(reasons, [None, Some("the old names are lost"), None]);
        assert!(migrations.iter().all(|m| m.applied_on.is_some()));
    }
    // Later migrations can be reverted.
    let mut migrator = Migrator::with_options(all, Options::default());
    let newest = Target::service("core").steps(NonZeroUsize::MIN);
    let report = migrator.down(&mut client, newest).await;
    assert_eq!(done(&report.expect("it is reverted")), ["core/3"]);
}
