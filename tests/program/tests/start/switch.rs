//! Two branches of a tree in git, and `up --switch` after each change of branch.

use serde_json::Value;

use crate::home::Home;
use crate::support::{execute, migrator, output, query};

const TREE: &str = "database/migrations/shop";
const ORDERS: &str = "20300101000000_a0000001_create_orders";
const NOTES: &str = "20300102000000_a0000002_create_notes";
const REGION: &str = "20300103000000_a0000003_add_region";

/// The shell command that writes both scripts of a migration.
fn write(stem: &str, up: &str, down: &str) -> String {
    format!("echo '{up}' > {TREE}/{stem}.up.sql\necho '{down}' > {TREE}/{stem}.down.sql\n")
}

/// A folder whose branches have a common migration, which the branch `wide` has differently. The
/// branch `notes` has two more.
fn branches(home: &Home) {
    let orders = |columns: &str| {
        let up = format!("CREATE TABLE shop.orders (id bigint PRIMARY KEY{columns});");
        write(ORDERS, &up, "DROP TABLE shop.orders;")
    };
    let notes = write(
        NOTES,
        "CREATE TABLE shop.notes (id bigint PRIMARY KEY);",
        "DROP TABLE shop.notes;",
    );
    let region = write(
        REGION,
        "ALTER TABLE shop.orders ADD COLUMN region text;",
        "ALTER TABLE shop.orders DROP COLUMN region;",
    );
    let script = format!(
        "mkdir shop\n\
         cd shop\n\
         migrator init --folder --service=shop\n\
         git init --quiet --initial-branch=main\n\
         git config user.name Test\n\
         git config user.email test@localhost\n\
         commit() {{ git add --all; git commit --quiet --message=\"$1\"; }}\n\
         {}commit orders\n\
         git switch --quiet --create=wide\n\
         {}commit wide\n\
         git switch --quiet --create=notes main\n\
         {notes}{region}commit notes\n",
        orders(""),
        orders(", total int")
    );
    let ran = home.run("", &script);
    assert!(ran.starts_with("exit: 0\n"), "{ran}");
}

/// The tables of the service, with the number of their columns.
fn tables(url: &str) -> Vec<String> {
    query(
        url,
        "SELECT table_name || ' ' || count(*) FROM information_schema.columns \
         WHERE table_schema = 'shop' GROUP BY table_name ORDER BY 1",
    )
}

/// The URL of the checkout's own server.
fn url(home: &Home) -> String {
    let mut server = migrator(&["server", "status", "--output=json"]);
    let server = server.current_dir(home.path().join("shop"));
    let server = server.output().expect("the binary runs");
    let server: Value = serde_json::from_slice(&server.stdout).expect("a document");
    server["url"].as_str().expect("it runs").to_owned()
}

#[test]
fn up_switch_follows_a_change_of_branch() {
    let home = Home::new();
    branches(&home);
    let run = |script: &str| home.run("shop", script);
    let succeeds = |script: &str| {
        let ran = run(script);
        assert!(ran.starts_with("exit: 0\n"), "{script}: {ran}");
        ran
    };
    succeeds("migrator up --service=shop");
    let url = url(&home);
    execute(
        &url,
        "INSERT INTO shop.orders SELECT generate_series(1, 40); ANALYZE shop.orders; \
         INSERT INTO shop.notes SELECT generate_series(1, 12); ANALYZE shop.notes",
    );
    assert_eq!(tables(&url), ["notes 1", "orders 2"]);

    // Without the option, the migrations of the other branch are in the way.
    let refused = run("git switch --quiet main\nmigrator up --service=shop");
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    assert!(refused.contains("error[M0402]"), "{refused}");
    let planned = succeeds("migrator up --service=shop --switch --dry-run");
    let lines = format!(
        "would be reverted shop/{REGION}  destructive\n\
         would be reverted shop/{NOTES}  destructive\n\
         would remove table shop.notes with about 12 rows\n\
         would remove column region of table shop.orders with about 40 rows\n\
         2 migrations would be reverted on postgresql://"
    );
    assert!(planned.contains(&lines), "{planned}");
    let asked = run("echo n | script --quiet --return --command \
         'migrator up --service=shop --switch' /dev/null");
    assert!(
        asked.contains("revert 2 destructive migrations on "),
        "{asked}"
    );
    assert!(asked.contains("nothing was reverted"), "{asked}");
    assert_eq!(tables(&url), ["notes 1", "orders 2"]);
    let document = succeeds("migrator up --service=shop --switch --output=json");
    let (_, document) = document.split_once("----- stdout -----\n").expect("one");
    let (document, _) = document.split_once("----- stderr -----").expect("it");
    let document: Value = serde_json::from_str(document).expect("a document");
    assert_eq!(document["done"][0]["direction"], "down", "{document}");
    let notes = &document["lost"][0];
    assert_eq!(notes["lost"], "table", "{document}");
    assert_eq!(notes["table"], "notes", "{document}");
    assert_eq!(notes["rows"], 12, "{document}");
    assert_eq!(tables(&url), ["orders 1"]);
    let nothing = succeeds(&format!(
        "DATABASE_URL='{url}' migrator up --service=all --switch"
    ));
    assert!(
        nothing.contains("nothing to revert, and nothing is pending"),
        "{nothing}"
    );

    // The branch has another up script of a migration that is applied.
    let switched = succeeds("git switch --quiet wide\nmigrator up --service=shop --switch --yes");
    let lost = "note: this run removes table shop.orders with about 40 rows\n";
    assert!(switched.contains(lost), "{switched}");
    let total = "reverted 1 migration and applied 1 migration in ";
    assert!(switched.contains(total), "{switched}");
    assert_eq!(tables(&url), ["orders 2"]);
    succeeds("migrator drift");
}

#[test]
fn up_switch_is_refused_on_another_database() {
    let home = Home::new();
    let script = "migrator init --folder --service=core\n\
                  export DATABASE_URL=postgresql://app@127.0.0.1:1/app\n\
                  migrator up --service=core --switch --yes";
    let refused = home.run("", script);
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    let reason = "error[M0906]: `--switch` works only on this checkout's local development server, \
                  and postgresql://app@127.0.0.1:1/app is another database\n";
    assert!(refused.contains(reason), "{refused}");
    let mut other = migrator(&["up", "--service=core", "--switch", "--steps=1"]);
    let usage = output(other.current_dir(home.path()));
    assert!(usage.starts_with("exit: 2\n"), "{usage}");
}
