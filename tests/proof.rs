//! The output and exit codes of `verify`, `drift` and `schema`.

#![expect(clippy::expect_used, reason = "a test stops at what it cannot set up")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{database, execute, migrator, on, query, said};
use tempfile::{TempDir, tempdir};

const MANIFEST: &str =
    "tiers = [\"Only\"]\n\n[services.shop]\ntier = \"Only\"\ndirectory = \"shop_service\"\n";

/// A folder with a tree of one service.
fn tree(scripts: &[(&str, &str, &str)]) -> TempDir {
    let folder = tempdir().expect("a folder is made");
    let service = folder.path().join("database/migrations/shop_service");
    fs::create_dir_all(&service).expect("the folders are made");
    write(folder.path(), "database/services.toml", MANIFEST);
    for (stem, up, down) in scripts {
        let path = |end: &str| service.join(format!("{stem}.{end}.sql"));
        fs::write(path("up"), up).expect("it is written");
        fs::write(path("down"), down).expect("it is written");
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    fs::write(folder.join(path), text).expect(path);
}

const ORDERS: (&str, &str, &str) = (
    "20240101120000_0a1b2c3d_create_orders",
    "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id int, note text);\n",
    "DROP TABLE shop.orders;\nDROP SCHEMA shop;\n",
);

const TOTAL: (&str, &str, &str) = (
    "20240102120000_1a1b2c3d_add_total",
    "ALTER TABLE shop.orders ADD COLUMN total int DEFAULT 0;\nCREATE INDEX orders_total_idx ON shop.orders (total);\n",
    "ALTER TABLE shop.orders DROP COLUMN total;\n",
);

fn verify(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = migrator(&["verify", "--directory=database"]);
    command.args(arguments).current_dir(folder);
    command
}

fn document(command: &mut Command) -> Value {
    let output = command.output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("standard output is one JSON document")
}

/// A snapshot without the server's version.
macro_rules! assert_told {
    ($command:expr) => {{
        let mut filters = support::filters();
        filters.push((r"PostgreSQL \d+(\.\d+|beta\d+|rc\d+)?", "PostgreSQL [version]"));
        insta::with_settings!({ filters => filters }, {
            insta::assert_snapshot!(said($command));
        })
    }};
}

#[test]
fn the_platforms_own_migrations_are_verified() {
    let folder = tempdir().expect("a folder is made");
    let said = said(migrator(&["verify", "-q"]).current_dir(folder.path()));
    assert!(said.starts_with("exit: 0\n"), "{said}");
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("verified "))
            .count(),
        77,
        "{said}"
    );
    assert!(said.contains("\n77 migrations verified in "), "{said}");
}

#[test]
fn a_sound_tree_is_verified_and_its_locks_are_reported() {
    let folder = tree(&[ORDERS, TOTAL]);
    assert_told!(&mut verify(folder.path(), &[]));
    assert_told!(&mut verify(
        folder.path(),
        &["--service=shop", "--since=20240102120000", "-q"]
    ));
}

#[test]
fn only_the_up_script_of_an_irreversible_migration_is_verified() {
    let lower = (
        "20240102120000_1a1b2c3d_lower_notes",
        "UPDATE shop.orders SET note = lower(note);\n",
        "-- migrator: irreversible because the notes are lost as they were\n",
    );
    let total = ("20240103120000_2a1b2c3d_add_total", TOTAL.1, TOTAL.2);
    let folder = tree(&[ORDERS, lower, total]);
    assert_told!(&mut verify(folder.path(), &[]));
    let said = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(said["migrations"][1]["verdict"], "irreversible");
    assert_eq!(
        said["migrations"][1]["irreversible"],
        "the notes are lost as they were"
    );
    assert_eq!(said["migrations"][1]["milliseconds"]["down"], Value::Null);
    assert_eq!(said["migrations"][2]["verdict"], "sound");
    // An up script that fails is still a fault.
    let broken = (lower.0, "UPDATE shop.orders SET nota = '';\n", lower.2);
    let folder = tree(&[ORDERS, broken]);
    let said = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(said["exit"], 1);
    assert_eq!(said["migrations"][1]["verdict"], "failed");
    // A given database is empty afterwards.
    let url = database();
    let folder = tree(&[ORDERS, lower]);
    let lent = self::said(&mut verify(
        folder.path(),
        &[&format!("--database-url={url}")],
    ));
    assert!(lent.starts_with("exit: 0\n"), "{lent}");
    assert!(query(&url, "SELECT 'x' FROM pg_namespace WHERE nspname = 'shop'").is_empty());
}

/// Scripts that each name a role which does not exist.
const OF_A_ROLE: [&str; 9] = [
    "GRANT SELECT ON shop.orders TO made_elsewhere;",
    "ALTER TABLE shop.orders OWNER TO made_elsewhere;",
    "CREATE POLICY p ON shop.orders TO made_elsewhere;",
    "ALTER DEFAULT PRIVILEGES FOR ROLE made_elsewhere GRANT SELECT ON TABLES TO public;",
    "SET ROLE made_elsewhere;",
    "REASSIGN OWNED BY made_elsewhere TO current_user;",
    "DO $$ BEGIN GRANT SELECT ON shop.orders TO made_elsewhere; END $$;",
    "CREATE SCHEMA more AUTHORIZATION made_elsewhere;",
    "SELECT has_table_privilege('made_elsewhere', 'shop.orders', 'SELECT');",
];

#[test]
fn a_role_in_the_manifest_is_created_for_the_proof() {
    let mut scripts = vec![ORDERS];
    let stems: Vec<String> = (2..)
        .take(OF_A_ROLE.len())
        .map(|day| format!("202401{day:02}120000_{day:08x}_use_role"))
        .collect();
    let empty = "SELECT 1;\n";
    scripts.extend(
        stems
            .iter()
            .zip(OF_A_ROLE)
            .map(|(stem, up)| (stem.as_str(), up, empty)),
    );
    let folder = tree(&scripts);
    let said = document(&mut verify(folder.path(), &["--output=json"]));
    let errors = said["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), OF_A_ROLE.len(), "{errors:#?}");
    for (error, up) in errors.iter().zip(OF_A_ROLE) {
        assert_eq!(
            error["help"],
            "the temporary server has no role `made_elsewhere`: if others make the role, write \
             `roles = [\"made_elsewhere\"]` under `[verify]` in services.toml, or lend an empty \
             database of a server that has it: `--database-url`",
            "{up}"
        );
    }
    let listed = format!("{MANIFEST}\n[verify]\nroles = [\"made_elsewhere\", \"Another One\"]\n");
    write(folder.path(), "database/services.toml", &listed);
    let said = document(&mut verify(folder.path(), &["--output=json"]));
    let errors = said["errors"].as_array().cloned().unwrap_or_default();
    assert!(
        errors.iter().all(|error| error["code"] == "M0510"),
        "{errors:#?}"
    );

    // On a given server no role is created.
    let url = database();
    let option = format!("--database-url={url}");
    let folder = tree(&[ORDERS, (&stems[0], OF_A_ROLE[0], empty)]);
    write(folder.path(), "database/services.toml", &listed);
    let lent = document(&mut verify(folder.path(), &[&option, "--output=json"]));
    let help = lent["errors"][0]["help"].as_str().expect("a text");
    assert!(
        help.starts_with("the server of the lent database has no role"),
        "{help}"
    );
    let roles = "SELECT rolname::text FROM pg_roles WHERE rolname = 'made_elsewhere'";
    assert!(query(&url, roles).is_empty());
}

#[test]
fn a_role_that_a_script_creates_need_not_be_listed() {
    let role = (
        "20240102120000_1a1b2c3d_make_role",
        "CREATE ROLE made_here;\n",
        "DROP ROLE made_here;\n",
    );
    let folder = tree(&[ORDERS, role]);
    let listed = format!("{MANIFEST}\n[verify]\nroles = [\"made_here\"]\n");
    write(folder.path(), "database/services.toml", &listed);
    let said = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(
        said["errors"][0]["help"],
        "the script makes the role `made_here`: remove it from `roles` under `[verify]` in \
         services.toml"
    );
}

#[test]
fn an_extension_that_the_server_lacks_is_named() {
    let extension = (
        "20240102120000_1a1b2c3d_add_extension",
        "CREATE EXTENSION no_such_extension;\n",
        "DROP EXTENSION no_such_extension;\n",
    );
    let folder = tree(&[ORDERS, extension]);
    let said = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(
        said["errors"][0]["help"],
        "the temporary server has no extension `no_such_extension`: install it beside that \
         server's programs, or lend an empty database of a server that has it: `--database-url`"
    );
}

/// A tree with one sound migration and one for each fault.
const FAULTY: [(&str, &str, &str); 6] = [
    ORDERS,
    (
        "20240102120000_1a1b2c3d_add_total",
        TOTAL.1,
        "ALTER TABLE shop.orders ADD COLUMN IF NOT EXISTS odd int;\nDROP INDEX shop.orders_total_idx;\n",
    ),
    (
        "20240103120000_2a1b2c3d_fill",
        "INSERT INTO shop.orders VALUES (1, 'a');\nCREATE UNIQUE INDEX orders_id_idx ON shop.orders (id);\n",
        "DROP INDEX shop.orders_id_idx;\n",
    ),
    (
        "20240104120000_3a1b2c3d_change_note",
        "ALTER TABLE shop.orders ALTER COLUMN note SET DEFAULT 'x';\n",
        "ALTER TABLE shop.orders ALTER COLUMN nota DROP DEFAULT;\n",
    ),
    (
        "20240105120000_4a1b2c3d_break",
        "ALTER TABLE shop.ordres ADD COLUMN x int;\n",
        "ALTER TABLE shop.orders DROP COLUMN x;\n",
    ),
    (
        "20240106120000_5a1b2c3d_behind",
        "UPDATE shop.orders SET x = 1;\n",
        "SELECT 1;\n",
    ),
];

#[test]
fn all_faults_are_reported_with_their_objects_and_scripts() {
    let folder = tree(&FAULTY);
    assert_told!(&mut verify(folder.path(), &[]));
    let document = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(document["exit"], 1);
    let migrations = document["migrations"].as_array().expect("a list");
    let verdicts: Vec<&str> = migrations
        .iter()
        .filter_map(|m| m["verdict"].as_str())
        .collect();
    assert_eq!(
        verdicts,
        [
            "sound",
            "not undone",
            "failed",
            "failed",
            "failed",
            "skipped"
        ]
    );
    let passes: Vec<Option<&str>> = migrations.iter().map(|m| m["pass"].as_str()).collect();
    assert_eq!(
        passes,
        [
            None,
            Some("down"),
            Some("up again"),
            Some("down"),
            Some("up"),
            None
        ]
    );
    assert_eq!(migrations[1]["differences"][0]["kind"], "column");
    assert_eq!(migrations[1]["locks"][0]["blocks"], "reads and writes");
    assert!(migrations[0]["milliseconds"]["up_again"].is_number());
    assert_eq!(document["errors"].as_array().map(Vec::len), Some(4));
    let notes = document["errors"][0]["notes"].as_array().expect("a list");
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert_eq!(notes[1]["word"], "left behind");
    assert_eq!(notes[1]["text"], "column shop.orders.total");
}

#[test]
fn a_given_database_must_be_empty_and_stays_empty() {
    let folder = tree(&[
        ORDERS,
        (
            "20240102120000_1a1b2c3d_leave",
            "CREATE TABLE shop.left ();\n",
            "SELECT 1;\n",
        ),
    ]);
    let url = database();
    let option = format!("--database-url={url}");
    assert_told!(&mut verify(folder.path(), &[&option]));
    let schemas = "SELECT nspname::text FROM pg_namespace WHERE nspname = 'shop'";
    assert_eq!(query(&url, schemas), [""; 0]);
    execute(
        &url,
        "CREATE TABLE public.used (); CREATE VIEW public.seen AS SELECT 1",
    );
    assert_told!(&mut verify(folder.path(), &[&option]));
    // The environment may name a live database, so `verify` ignores it.
    let mut command = verify(
        folder.path(),
        &["-q", "--since=20240101120000", "--service=shop"],
    );
    let said = said(command.env("DATABASE_URL", &url));
    assert!(said.contains("2 migrations"), "{said}");
}

#[test]
fn wrong_calls_of_verify_say_what_is_wrong() {
    let folder = tree(&[ORDERS]);
    assert_told!(&mut verify(folder.path(), &["--service=shap"]));
    assert_told!(&mut verify(folder.path(), &["--service=nothing_like_it"]));
    assert_told!(&mut verify(folder.path(), &["--since=20990101000000"]));
    assert_told!(&mut verify(folder.path(), &["--since=yesterday"]));
    fs::remove_file(
        folder.path().join(
            "database/migrations/shop_service/20240101120000_0a1b2c3d_create_orders.down.sql",
        ),
    )
    .expect("it was there");
    assert_told!(&mut verify(folder.path(), &[]));
    let none = tempdir().expect("a folder is made");
    assert_told!(&mut verify(none.path(), &[]));
}

#[test]
fn drift_is_reported_with_exit_code_6() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    let up = said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=tenant", "-q"],
    ));
    assert!(up.starts_with("exit: 0\n"), "{up}");
    let drift = |arguments: &[&str]| on(&url, folder.path(), &[&["drift"], arguments].concat());
    assert_told!(&mut drift(&[]));
    let elsewhere = said(&mut drift(&["--schema=elsewhere"]));
    assert!(
        elsewhere.contains("the schema `elsewhere` has no history"),
        "{elsewhere}"
    );
    execute(
        &url,
        "CREATE TABLE tenant.backup (); ALTER TABLE tenant.tenants DROP COLUMN name CASCADE; \
         COMMENT ON SCHEMA core IS 'changed'",
    );
    assert_told!(&mut drift(&[]));
    let document = document(&mut drift(&["--output=json"]));
    assert_eq!(document["exit"], 6);
    assert_eq!(document["differences"][0]["code"], "M0603");
    assert_eq!(document["differences"][0]["after"], "changed");
}

/// Adds an entry whose script no binary has.
fn record_foreign(url: &str, script: &str) {
    let (version, name) = (20_991_231_235_959, "deadbeef_foreign");
    let checksum = migrator_model::sql::checksum(name, version, script);
    execute(
        url,
        &format!(
            "DELETE FROM migrator.core_history WHERE version = {version}; \
             INSERT INTO migrator.core_history \
               (version, name, applied_on, checksum, up_script, down_script) \
             VALUES ({version}, '{name}', 'now', '{checksum}', $up${script}$up$, 'SELECT 1')"
        ),
    );
}

#[test]
fn a_script_of_the_history_alone_is_noted() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    let drift = |arguments: &[&str]| on(&url, folder.path(), &[&["drift"], arguments].concat());
    record_foreign(&url, "SELECT 1");
    assert_told!(&mut drift(&[]));
    record_foreign(
        &url,
        "DO $$ BEGIN COPY (SELECT 1) TO PROGRAM 'true'; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    );
    assert_told!(&mut drift(&[]));
    let document = document(&mut drift(&["--output=json"]));
    let step = "core/20991231235959_deadbeef_foreign";
    assert_eq!(document["exit"], 1);
    assert_eq!(document["from_history"], serde_json::json!([step]));
    assert_eq!(document["caught"], serde_json::json!([step]));
    record_foreign(&url, "SELECT pg_sleep(1e9)");
    assert_told!(&mut drift(&["--script-timeout=500ms"]));
}

#[test]
fn a_schema_is_printed_or_written_without_the_history() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    said(&mut on(
        &url,
        folder.path(),
        &["up", "--service=core", "-q"],
    ));
    let schema = |arguments: &[&str]| on(&url, folder.path(), &[&["schema"], arguments].concat());
    let first = said(&mut schema(&[]));
    if first.contains("[M0908]") {
        // The packages from npm lack `pg_dump`.
        assert!(
            first.contains("there is no `pg_dump` of version "),
            "{first}"
        );
        assert!(
            first.contains("help: install PostgreSQL's client programs"),
            "{first}"
        );
        return;
    }
    assert!(first.starts_with("exit: 0\n"), "{first}");
    assert!(first.contains("CREATE SCHEMA core;"), "{first}");
    assert!(!first.contains("migrator."), "{first}");
    assert_eq!(first, said(&mut schema(&[])), "two dumps are one text");
    let written = said(&mut schema(&["--file=schema.sql"]));
    assert!(written.contains("is in schema.sql"), "{written}");
    let file = fs::read_to_string(folder.path().join("schema.sql")).expect("it was written");
    assert!(first.contains(file.trim()), "{file}");
    assert_told!(&mut schema(&["--file=nowhere/schema.sql"]));
}

#[test]
fn an_option_that_only_the_server_knows_is_noted_once() {
    let keeps = "UPDATE pg_attribute SET attoptions = ARRAY['inner=' || txid_current()]
        WHERE attrelid = 'shop.orders'::regclass AND attnum > 0;\n";
    let folder = tree(&[(
        ORDERS.0,
        &format!("{}{keeps}", ORDERS.1),
        "DROP TABLE shop.orders;\nDROP SCHEMA shop;\n",
    )]);
    let said = said(&mut verify(folder.path(), &[]));
    assert!(said.starts_with("exit: 0\n"), "{said}");
    let note = "note: not compared, as the option is unknown: `inner` of columns\n";
    assert_eq!(said.matches("unknown").count(), 1, "{said}");
    assert!(said.contains(note), "{said}");
}

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
    assert_told!(&mut verify(folder.path(), &[]));
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
        let said = said(&mut verify(folder.path(), &[]));
        assert!(said.starts_with("exit: 0\n"), "{said}");
        for told in [
            "         allowed: M0510, 1 difference, because it is so\n",
            "         allowed: M0511, 2 differences, because it is so\n",
            "each down script undoes its up script, but for 2 accepted migrations\n",
        ] {
            assert!(said.contains(told), "{said}");
        }
        // A directive for a difference that only `verify` finds gets no message.
        let check =
            support::said(migrator(&["check", "--directory=database"]).current_dir(folder.path()));
        assert!(
            check.starts_with("exit: 0\n") && !check.contains("M0226"),
            "{check}"
        );
    }
    let other = because("M0511", LEAVES.1);
    let folder = tree(&[ORDERS, (LEAVES.0, &other, LEAVES.2)]);
    let said = said(&mut verify(folder.path(), &[]));
    assert!(
        said.starts_with("exit: 1\n") && said.contains("M0510"),
        "{said}"
    );
}

#[test]
fn the_manifest_sets_the_level_of_a_difference() {
    for (level, exit, told) in [
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
        let said = said(&mut verify(folder.path(), &[]));
        assert!(said.starts_with(&format!("exit: {exit}\n")), "{said}");
        assert!(said.contains(told), "{said}");
        assert_eq!(said.contains("warned  "), level == "warn", "{said}");
        // Later migrations are still verified.
        let later = "verified shop/20240104120000_3a1b2c3d_add_note";
        assert!(said.contains(later), "{said}");
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
    let said = said(&mut verify(folder.path(), &[]));
    assert!(said.starts_with("exit: 1\n"), "{said}");
    let (now, before) = ("29'::text, 'odd'::text])))", "29'::text, 'old'::text])))");
    assert!(said.contains(now) && said.contains(before), "{said}");
}
