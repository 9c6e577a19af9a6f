//! The reference.

use std::slice;

use migrator_localpg::Throwaway;

use super::likeness::alike;
use super::support::page::blocks;
use super::support::{database, execute};
use super::{Reader, migration, page, reader, shop};

/// The manifest of two services.
const TWO: &str = "\
tiers = [\"Only\"]

[services.shop]
tier = \"Only\"
directory = \"shop\"

[services.tenant]
tier = \"Only\"
directory = \"tenant\"
";

/// Writes the migrations of the service `tenant`.
fn tenant(reader: &Reader) {
    let (up, down) = ("CREATE SCHEMA tenant;", "DROP SCHEMA tenant;");
    migration(
        reader,
        "tenant/20240116120000_0b1b2c3d_create_tenant",
        up,
        down,
    );
    let up = "CREATE TABLE tenant.plans (id bigint PRIMARY KEY, name text DEFAULT 'basic');\n\
              CREATE INDEX plans_name_idx ON tenant.plans (name);";
    let down = "DROP TABLE tenant.plans;";
    migration(
        reader,
        "tenant/20240116130000_1b1b2c3d_create_plans",
        up,
        down,
    );
}

#[test]
fn drift_shows_what_somebody_changed_by_hand() {
    let mut reader = reader();
    let manifest = TWO.replace("shop", "other");
    reader.write("database/services.toml", &manifest);
    reader.must("mkdir -p database/migrations/other");
    tenant(&reader);
    reader.must("migrator up --service=all");
    execute(
        &reader.variable("DATABASE_URL"),
        "CREATE TABLE tenant.backup_2024 (); DROP INDEX tenant.plans_name_idx; \
         ALTER TABLE tenant.plans ALTER name DROP DEFAULT",
    );
    reader.follow_console(&page("docs/reference/drift.md"));
}

#[test]
fn verify_shows_locks_and_what_no_script_can_undo() {
    let mut reader = reader();
    reader.write("database/services.toml", TWO);
    tenant(&reader);
    let up = "ALTER TABLE tenant.plans ADD COLUMN seats bigint;";
    let down = "ALTER TABLE tenant.plans DROP COLUMN seats;";
    let stem = "tenant/20240117084215_5b1f3c66_add_plan_limits";
    migration(&reader, stem, up, down);
    let up = "CREATE SCHEMA shop;\nCREATE TABLE shop.items (id bigint, kind text, name text);";
    let down = "DROP TABLE shop.items;\nDROP SCHEMA shop;";
    migration(
        &reader,
        "shop/20240101080000_6041eddc_create_items",
        up,
        down,
    );
    let up = "-- migrator: allow M0221 because nobody reads it\n\
              ALTER TABLE shop.items DROP COLUMN kind;";
    let down = "ALTER TABLE shop.items ADD COLUMN kind text;";
    migration(&reader, "shop/20240101090003_7041eddc_drop_kind", up, down);
    reader.follow_console(&page("docs/reference/verify.md"));
}

#[test]
fn a_database_is_created_on_request() {
    let server = Throwaway::shared().expect("a server starts");
    let mut reader = Reader::new().with("DATABASE_URL", &server.url("not_there_yet"));
    shop(&reader);
    reader.follow_console(&page("docs/reference/databases.md"));
}

#[test]
fn a_fleet_has_a_line_for_each_database() {
    let mut reader = Reader::new().with("MIGRATOR_JOBS", "1");
    shop(&reader);
    let up = "CREATE TABLE public.lines (id bigint PRIMARY KEY);";
    let stem = "shop/20260101123000_77d3e018_create_lines";
    migration(&reader, stem, up, "DROP TABLE public.lines;");
    let [pending, current, broken] = [database(), database(), database()];
    reader.must(&format!(
        "migrator up --service=all --database-url='{current}'"
    ));
    execute(&broken, "CREATE TABLE public.lines ()");
    reader.write("tenants.txt", &[pending, current, broken].join("\n"));
    reader.follow_console(&page("docs/reference/fleet.md"));
}

#[test]
fn a_tree_is_named_by_its_folder() {
    let mut reader = reader();
    shop(&reader);
    reader.must("mkdir -p services/shop\nmv database services/shop/database");
    reader.follow_console(&page("docs/reference/migrations.md"));
}

#[test]
fn commands_run_on_a_new_database() {
    let mut reader = reader();
    reader.write("database/services.toml", &TWO.replace("shop", "other"));
    reader.must("mkdir -p database/migrations/other");
    tenant(&reader);
    for program in ["cargo", "diesel"] {
        let script = "psql -Atc 'SELECT count(*) FROM tenant.plans' >> counts";
        reader.program(program, script);
    }
    reader.follow(&page("docs/reference/with.md"));
    assert_eq!(reader.must("cat counts"), "0\n0\n0\n");
}

/// The migrations that the page about the plan shows. The first one is applied.
fn planned(reader: &mut Reader) {
    let manifest = "tiers = [\"Base\", \"Product\"]\n\n\
        [services.core]\ntier = \"Base\"\ndirectory = \"core\"\n\n\
        [services.shop]\ntier = \"Product\"\ndirectory = \"shop\"\ndepends_on = [\"core\"]\n";
    reader.write("database/services.toml", manifest);
    let stem = "core/20240101120000_0a1b2c3d_create_settings";
    let up =
        "CREATE SCHEMA core;\nCREATE TABLE core.settings (id bigint PRIMARY KEY, region text);";
    let down = "DROP TABLE core.settings;\nDROP SCHEMA core;";
    migration(reader, stem, up, down);
    let stem = "core/20240102120000_1a1b2c3d_drop_region";
    let up = "-- migrator: allow M0221 because no program reads the column\n\
              ALTER TABLE core.settings DROP COLUMN region;";
    let down = "ALTER TABLE core.settings ADD COLUMN region text;";
    migration(reader, stem, up, down);
    let stem = "shop/20240103120000_2a1b2c3d_create_orders";
    let up = "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id bigint PRIMARY KEY);";
    let down = "DROP TABLE shop.orders;\nDROP SCHEMA shop;";
    migration(reader, stem, up, down);
    reader.must("migrator up --service=core --steps=1");
}

#[test]
fn a_plan_is_reviewed_applied_and_reverted() {
    let mut reader = reader().with("APPROVER", "release board");
    planned(&mut reader);
    reader.follow(&page("docs/reference/plan.md"));
    execute(
        &reader.variable("DATABASE_URL"),
        "INSERT INTO shop.orders SELECT generate_series(1, 40); ANALYZE shop.orders",
    );
    reader.follow(&page("docs/reference/down.md"));
    // On a terminal, the lines of the plan and the question follow.
    let blocks = blocks(&page("docs/reference/down.md"));
    let text = blocks.iter().find(|block| block.language == "text");
    let question = &text.expect("the page shows the question").lines[0];
    let mut asked = reader.start_on_terminal("migrator down --service=shop");
    let printed = asked.until("[y/N] ");
    let printed = printed.trim_end().lines().last().unwrap_or_default();
    assert!(
        alike(slice::from_ref(question), &[printed.to_owned()]),
        "{printed}"
    );
    asked.answer("n\n");
    let (_, printed) = asked.end();
    assert!(printed.contains("nothing was reverted"), "{printed}");
}

#[test]
fn the_local_database_follows_a_branch() {
    let mut reader = Reader::new();
    shop(&reader);
    let commit = "git -c user.name=reader -c user.email=reader@localhost commit --quiet";
    reader.must(&format!(
        "git init --quiet --initial-branch=main . && echo .migrator > .gitignore && \
         git add . && {commit} --message=main && git switch --quiet --create=notes"
    ));
    let stem = "shop/20260102120000_2a1b2c3d_create_notes";
    let (up, down) = ("CREATE TABLE shop.notes ();", "DROP TABLE shop.notes;");
    migration(&reader, stem, up, down);
    reader.must(&format!(
        "git add . && {commit} --message=notes && migrator up --service=all"
    ));
    reader.follow_console(&page("docs/reference/switch.md"));
}

#[test]
fn a_comment_has_the_locks_of_the_new_migrations() {
    let mut reader = Reader::new();
    reader.write("database/services.toml", super::MANIFEST);
    let up = "CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id int);\n\
              CREATE TABLE shop.lines (article text);";
    let down = "DROP TABLE shop.lines;\nDROP TABLE shop.orders;\nDROP SCHEMA shop;";
    migration(
        &reader,
        "shop/20240101120000_0a1b2c3d_create_shop",
        up,
        down,
    );
    reader.must(
        "git init --quiet . && git add . && \
         git -c user.name=reader -c user.email=reader@localhost commit --quiet --message=base",
    );
    let (up, down) = (
        "CREATE TABLE shop.notes (id bigint);",
        "DROP TABLE shop.notes;",
    );
    migration(
        &reader,
        "shop/20240104120000_2a1b2c3d_create_notes",
        up,
        down,
    );
    let up = "CREATE INDEX lines_article ON shop.lines (article);\n\
              ALTER TABLE shop.orders ALTER id TYPE bigint;";
    let down = "ALTER TABLE shop.orders ALTER id TYPE int;\nDROP INDEX shop.lines_article;";
    migration(
        &reader,
        "shop/20240105120000_3a1b2c3d_change_orders",
        up,
        down,
    );
    reader.follow_console(&page("docs/reference/check.md"));
}

#[test]
fn events_are_lines_of_json() {
    let mut reader = reader();
    planned(&mut reader);
    reader.follow(&page("docs/reference/json.md"));
}

#[test]
fn a_run_has_a_log_and_metrics() {
    let mut reader = reader();
    shop(&reader);
    let page = page("docs/reference/log.md");
    let (logs, metrics) = page
        .split_once("## Metrics")
        .expect("the page has two parts");
    reader.follow_console(logs);
    let reader = &mut Reader::new().with("DATABASE_URL", &database());
    shop(reader);
    reader.follow_console(metrics);
}

#[test]
fn each_table_of_the_manifest_is_accepted() {
    let toml = |path: &str| {
        let blocks = blocks(&page(path)).into_iter();
        let blocks = blocks.filter(|block| block.language == "toml");
        blocks
            .map(|block| block.lines.join("\n"))
            .collect::<Vec<String>>()
    };
    let mut snippets = toml("docs/reference/manifest.md");
    let manifest = snippets.remove(0);
    for path in ["directives", "drift", "verify"] {
        snippets.extend(toml(&format!("docs/reference/{path}.md")));
    }
    assert!(snippets.len() > 6, "{snippets:#?}");
    let mut reader = Reader::new();
    reader.must("mkdir -p database/migrations/core database/migrations/tenant_service");
    for snippet in std::iter::once(String::new()).chain(snippets) {
        reader.write(
            "database/services.toml",
            &format!("{manifest}\n{snippet}\n"),
        );
        reader.must("migrator check");
    }
    // The same test refuses what the manifest cannot contain.
    reader.write("database/services.toml", &format!("{manifest}\n[lint]\n"));
    reader.must("! migrator check");
}

#[test]
fn completions_are_installed_in_a_home() {
    let home = tempfile::tempdir().expect("a folder is made");
    let mut reader = Reader::new().with("HOME", &home.path().display().to_string());
    reader.follow_shell(&page("docs/reference/completions.md"));
    let completed = reader.must(
        "bash -c 'source ~/.bashrc; COMP_WORDS=(migrator explain M0104); COMP_CWORD=2; \
         _complete_migrator; echo \"${COMPREPLY[@]}\"'",
    );
    assert_eq!(completed, "M0104\n");
    let fish = home.path().join(".config/fish/completions/migrator.fish");
    let fish = std::fs::read_to_string(fish).expect("the page writes it");
    assert!(fish.contains("--command migrator"), "{fish}");
    let zsh = std::fs::read_to_string(home.path().join(".zshrc")).expect("the page writes it");
    assert_eq!(zsh, "eval \"$(migrator completions zsh)\"\n");
}
