//! The pages about `graph` and `report`.

use super::{Reader, migration, page};

/// The manifest of three services.
const MANIFEST: &str = "\
tiers = [\"Base\", \"Shops\"]

[services.core]
tier = \"Base\"
directory = \"core\"

[services.auth]
tier = \"Base\"
directory = \"auth\"
depends_on = [\"core\"]

[services.shop]
tier = \"Shops\"
directory = \"shop\"
depends_on = [\"core\"]
";

/// A reader without a database, and with a tree of three services.
fn reader() -> Reader {
    let reader = Reader::new();
    reader.write("database/services.toml", MANIFEST);
    let create = |stem: &str, table: &str, columns: &str| {
        let up = format!("CREATE TABLE {table} ({columns});");
        migration(&reader, stem, &up, &format!("DROP TABLE {table};"));
    };
    let stem = "core/20240116110000_0b1b2c3d_create_currencies";
    create(stem, "currencies", "code text PRIMARY KEY");
    let stem = "auth/20240116120000_1b1b2c3d_create_accounts";
    create(stem, "accounts", "id bigint PRIMARY KEY");
    let up = "-- migrator: requires auth/20240116120000\n\
              CREATE TABLE orders (account_id bigint REFERENCES accounts, currency text REFERENCES currencies);";
    let stem = "shop/20240116130000_2b1b2c3d_create_orders";
    migration(&reader, stem, up, "DROP TABLE orders;");
    reader
}

#[test]
fn a_graph_has_a_dashed_line_for_a_dependency_that_is_half_declared() {
    reader().follow_console(&page("docs/reference/graph.md"));
}

#[test]
fn a_report_is_one_file() {
    let mut reader = reader();
    reader.follow_console(&page("docs/reference/report.md"));
    let start = reader.must("head -c 15 migrations.html");
    assert_eq!(start, "<!doctype html>");
}
