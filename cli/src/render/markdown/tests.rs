//! Views in, comments out.

use migrator_analysis::effects::{TableEffect, UnknownStatement, Work};
use migrator_model::{Code, LockMode, MigrationId, Place, Problem, Version};

use super::{MOST, comment};
use crate::view::{Base, Check, Located, NewMigration, Verification};

fn check(new: Vec<NewMigration>, findings: Vec<Problem>) -> Check {
    Check {
        codes: Vec::new(),
        left_out: 0,
        migrations: 3,
        services: 1,
        server: None,
        base: Some(Base {
            name: "origin/main".to_owned(),
            commit: String::new(),
            new,
            is_empty: false,
            findings: 0,
        }),
        folder: "database".to_owned(),
        findings: findings.into_iter().map(Located::nowhere).collect(),
    }
}

fn effect(table: &str, lock: Option<LockMode>, work: Work) -> TableEffect {
    TableEffect {
        table: table.to_owned(),
        is_new: false,
        lock,
        work,
        destroys: Vec::new(),
    }
}

fn migration(name: &str, verified: Verification) -> NewMigration {
    let version = Version::from_integer(20_240_104_120_000);
    NewMigration {
        id: MigrationId::recorded("shop", version, name),
        tables: Vec::new(),
        unknown: Vec::new(),
        verified,
        measured: Vec::new(),
    }
}

#[test]
fn a_comment_has_a_row_for_each_table_and_the_findings() {
    let mut first = migration("2a1b2c3d_change_orders", Verification::Missing);
    first.tables = vec![
        TableEffect {
            destroys: vec!["drops `note`".to_owned()],
            ..effect("orders", Some(LockMode::AccessExclusive), Work::Scan)
        },
        TableEffect {
            is_new: true,
            ..effect("a|b", None, Work::Nothing)
        },
        effect("lines", Some(LockMode::RowExclusive), Work::Changes),
        effect("seen", None, Work::Unknown),
    ];
    first.unknown.push(UnknownStatement {
        line: 7,
        words: "DO".to_owned(),
    });
    let found = Verification::Found {
        verdict: "not undone".to_owned(),
        is_accepted: false,
    };
    let others = [
        migration("3a1b2c3d_add_type", found),
        migration("4a1b2c3d_x", Verification::OtherScripts),
    ];
    let place = Place::within("a/b.sql", "x\ny z", 4);
    let finding = Problem::at(Code::M0221, place, "`note` of `orders` | @all", "do `x`");
    let new = std::iter::once(first).chain(others).collect();
    assert_eq!(
        comment(&check(new, vec![finding])),
        "\
### Migrations

1 error in database; 3 new migrations since `origin/main`.

| migration | table | strongest lock | blocks | rows | verified |
| --- | --- | --- | --- | --- | --- |
| `shop/20240104120000_2a1b2c3d_change_orders` | `orders` | ACCESS EXCLUSIVE | reads and writes | scan | not verified |
| | <code>a&#124;b</code> | new table or view | | | |
| | `lines` | ROW EXCLUSIVE | no reads or writes | changes | |
| | `seen` | unknown | unknown | unknown | |
| `shop/20240104120000_3a1b2c3d_add_type` | none | | | | **not undone** |
| `shop/20240104120000_4a1b2c3d_x` | none | | | | not verified: the scripts have changed |

**Destructive steps**

- `shop/20240104120000_2a1b2c3d_change_orders`: `orders`: drops `note`

**Statements that may lock or destroy more than the table shows**

- `shop/20240104120000_2a1b2c3d_change_orders`, line 7: DO

**Findings**

- error M0221, `a/b.sql:2:3`: `note` of `orders` &#124; &#64;all. Help: do `x`\
"
    );
}

#[test]
fn a_long_list_is_cut() {
    let finding = || Problem::new(Code::M0221, "m", "");
    let findings = (0..MOST + 2).map(|_| finding()).collect();
    let text = comment(&check(Vec::new(), findings));
    assert_eq!(text.matches("- error M0221").count(), MOST);
    assert!(text.ends_with("\n- 2 more"), "{text}");
}
