//! The differences that `verify` notes, accepts and prints.

use super::{MANIFEST, ORDERS, TOTAL, document, tree, verify, write};
use crate::support;
use crate::support::{migrator, output};

#[test]
fn a_change_that_no_down_script_can_revert_is_noted() {
    let folder = tree(&[
        ORDERS,
        (
            "20240102120000_1a1b2c3d_drop_id",
            "ALTER TABLE shop.orders DROP COLUMN id;\n",
            "ALTER TABLE shop.orders ADD COLUMN id int;\n",
        ),
        (
            "20240103120000_2a1b2c3d_add_state",
            "CREATE TYPE shop.state AS ENUM ('new');\n",
            "DROP TYPE shop.state;\n",
        ),
        (
            "20240104120000_3a1b2c3d_add_value",
            "ALTER TYPE shop.state ADD VALUE 'done';\n",
            "SELECT 1;\n",
        ),
        (
            "20240105120000_4a1b2c3d_drop_state",
            "ALTER TABLE shop.orders ADD COLUMN state shop.state;\n",
            "ALTER TABLE shop.orders DROP COLUMN state;\n",
        ),
    ]);
    assert_output!(&mut verify(folder.path(), &[]));
    let document = document(&mut verify(folder.path(), &["--output=json"]));
    let migrations = &document["migrations"];
    assert_eq!(migrations[1]["notes"][0]["property"], "position");
    assert_eq!(migrations[3]["notes"][0]["after"], "'new', 'done'");
    assert_eq!(migrations[3]["verdict"], "sound");
}

/// Leaves a table behind.
const LEAVES: (&str, &str, &str) = (
    "20240102120000_1a1b2c3d_leave_a_table",
    "CREATE TABLE shop.left (id int);\n",
    "SELECT 1;\n",
);

const NOTE: (&str, &str, &str) = (
    "20240104120000_3a1b2c3d_add_note",
    "ALTER TABLE shop.orders ADD COLUMN remark text;\n",
    "ALTER TABLE shop.orders DROP COLUMN remark;\n",
);

/// Creates a table with a new name each time.
const COUNTS: (&str, &str, &str) = (
    "20240103120000_2a1b2c3d_count",
    "DO $$ BEGIN EXECUTE format('CREATE TABLE shop.t%s ()', txid_current()); END $$;\n",
    "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relname ~ '^t[0-9]+$' \
     LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$;\n",
);

#[test]
fn a_script_can_say_why_its_difference_is_accepted() {
    let lints = "M0227 = \"allow\"\n";
    let because =
        |code: &str, script: &str| format!("-- migrator: allow {code} because it is so\n{script}");
    let (up, again) = (because("M0510", LEAVES.1), because("M0511", COUNTS.1));
    let down = because("M0510", LEAVES.2);
    let ways = [(up.as_str(), LEAVES.2), (LEAVES.1, down.as_str())];
    for (up, down) in ways {
        let folder = tree(&[ORDERS, (LEAVES.0, up, down), (COUNTS.0, &again, COUNTS.2)]);
        write(
            folder.path(),
            "database/services.toml",
            &format!("{MANIFEST}\n[lints]\n{lints}"),
        );
        let output = output(&mut verify(folder.path(), &[]));
        assert!(output.starts_with("exit: 0\n"), "{output}");
        for line in [
            "         allowed: M0510, 1 difference, because it is so\n",
            "         allowed: M0511, 2 differences, because it is so\n",
            "each down script undoes its up script, but for 2 accepted migrations\n",
        ] {
            assert!(output.contains(line), "{output}");
        }
        // A directive for a difference that only `verify` finds gets no message.
        let check = support::output(
            migrator(&["check", "--directory=database"]).current_dir(folder.path()),
        );
        assert!(
            check.starts_with("exit: 0\n") && !check.contains("M0226"),
            "{check}"
        );
    }
    let other = because("M0511", LEAVES.1);
    let folder = tree(&[ORDERS, (LEAVES.0, &other, LEAVES.2)]);
    let output = output(&mut verify(folder.path(), &[]));
    assert!(
        output.starts_with("exit: 1\n") && output.contains("M0510"),
        "{output}"
    );
}

#[test]
fn the_manifest_sets_the_level_of_a_difference() {
    for (level, exit, line) in [
        (
            "allow",
            0,
            "         allowed: M0510, 1 difference, by the manifest\n",
        ),
        ("warn", 0, "warning[M0510]: the down script of"),
        ("deny", 1, "error[M0510]: the down script of"),
    ] {
        let folder = tree(&[ORDERS, LEAVES, NOTE]);
        let manifest = format!("{MANIFEST}\n[lints]\nM0510 = \"{level}\"\n");
        write(folder.path(), "database/services.toml", &manifest);
        let output = output(&mut verify(folder.path(), &[]));
        assert!(output.starts_with(&format!("exit: {exit}\n")), "{output}");
        assert!(output.contains(line), "{output}");
        assert_eq!(output.contains("warned  "), level == "warn", "{output}");
        // Later migrations are still verified.
        let later = "verified shop/20240104120000_3a1b2c3d_add_note";
        assert!(output.contains(later), "{output}");
    }
}

#[test]
fn a_level_for_earlier_migrations_of_a_service_accepts_a_difference() {
    // The version of `LEAVES`, and the second after it.
    let of = LEAVES.0.split('_').next().unwrap_or_default();
    let after = of.parse::<u64>().unwrap_or_default() + 1;
    for (before, exit) in [(of.to_owned(), 1), (after.to_string(), 0)] {
        let folder = tree(&[ORDERS, LEAVES, NOTE]);
        let manifest = format!(
            "{MANIFEST}\n[services.shop.lints.before]\nversion = \"{before}\"\nM0510 = \"allow\"\n"
        );
        write(folder.path(), "database/services.toml", &manifest);
        let output = output(&mut verify(folder.path(), &[]));
        assert!(output.starts_with(&format!("exit: {exit}\n")), "{output}");
        let accepted = "         allowed: M0510, 1 difference, by the manifest\n";
        assert_eq!(output.contains(accepted), exit == 0, "{output}");
    }
}

#[test]
fn a_difference_of_long_texts_shows_where_they_differ() {
    let states: Vec<String> = (0..30)
        .map(|n| format!("'a state of number {n}'"))
        .collect();
    let check = |last: &str| {
        format!(
            "CONSTRAINT states CHECK (note = ANY (ARRAY[{}, '{last}']))",
            states.join(", ")
        )
    };
    let folder = tree(&[
        (
            ORDERS.0,
            &format!(
                "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (note text, {});\n",
                check("old")
            ),
            ORDERS.2,
        ),
        (
            TOTAL.0,
            &format!(
                "ALTER TABLE shop.orders DROP CONSTRAINT states, ADD {};\n",
                check("new")
            ),
            &format!(
                "ALTER TABLE shop.orders DROP CONSTRAINT states, ADD {};\n",
                check("odd")
            ),
        ),
    ]);
    let output = output(&mut verify(folder.path(), &[]));
    assert!(output.starts_with("exit: 1\n"), "{output}");
    let (now, before) = ("29'::text, 'odd'::text])))", "29'::text, 'old'::text])))");
    assert!(output.contains(now) && output.contains(before), "{output}");
}
