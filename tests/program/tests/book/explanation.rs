//! The pages that explain.

use super::support::{execute, query};
use super::{migration, page, reader};

#[test]
fn a_script_that_cannot_be_resumed_is_recorded_by_hand() {
    let mut reader = reader();
    reader.write(
        "database/services.toml",
        "tiers = [\"Only\"]\n[services.user]\ntier = \"Only\"\ndirectory = \"user\"\n",
    );
    let up = "CREATE SCHEMA people; CREATE TABLE people.seed (n int);";
    let down = "DROP TABLE people.seed; DROP SCHEMA people;";
    migration(
        &reader,
        "user/20240718062148_0a1b2c3d_create_people",
        up,
        down,
    );
    let up = "-- migrator: no-transaction\nCREATE TABLE people.shares AS SELECT 1 / max(n) AS share FROM people.seed;";
    let down = "DROP TABLE people.shares;";
    migration(
        &reader,
        "user/20240718062149_1a1b2c3d_create_shares",
        up,
        down,
    );
    let url = reader.variable("DATABASE_URL");
    reader.must("migrator up --service=user --steps=1");
    execute(&url, "INSERT INTO people.seed VALUES (0)");
    reader.must("! migrator up --service=user");
    reader.must("migrator status --output=json | grep -q '\"dirty\"'");
    execute(&url, "UPDATE people.seed SET n = 1");
    reader.follow(&page("docs/explanation/durability.md"));
    assert_eq!(query(&url, "SELECT share::text FROM people.shares"), ["1"]);
}

#[test]
fn an_edit_of_an_applied_script_is_recorded() {
    let mut reader = reader();
    reader.write(
        "database/services.toml",
        "tiers = [\"Only\"]\n[services.tenant]\ntier = \"Only\"\ndirectory = \"tenant\"\n",
    );
    let stem = "tenant/20240117090518_0a1b2c3d_create_tenant";
    migration(
        &reader,
        stem,
        "CREATE SCHEMA tenant;",
        "DROP SCHEMA tenant;",
    );
    reader.must("migrator up --service=tenant");
    let edited = "CREATE SCHEMA IF NOT EXISTS tenant;";
    migration(&reader, stem, edited, "DROP SCHEMA tenant;");
    reader.must("! migrator up --service=tenant");
    reader.follow(&page("docs/explanation/fingerprints.md"));
    reader.must("migrator up --service=tenant");
}
