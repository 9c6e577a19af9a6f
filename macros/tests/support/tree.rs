//! The valid tree. It has an example of everything that the generated code must contain.

use super::Crate;

const MANIFEST: &str = r#"tiers = ["Base", "Top \"tier\""]

[services.core]
tier = "Base"
directory = "core"

[services.tenant]
tier = "Top \"tier\""
directory = "tenant_service"
depends_on = ["core"]
description = "Who rents: {rooms} & \\ houses, größere auch"

[services.audit]
tier = "Top \"tier\""
directory = "audit"

[services.mail]
tier = "Top \"tier\""
directory = "mail"

[drift]
leave_out = ["table public.\"jobs\""]

[verify]
roles = ["app", "made by \"others\""]
"#;

/// The scripts without `.up.sql` and `.down.sql`, in plan order.
pub const MIGRATIONS: [&str; 5] = [
    "core/20240101120000_0a1b2c3d_create_setting",
    "mail/20240103120000_4a1b2c3d_create_letter",
    "audit/20240101120000_2a1b2c3d_create_event",
    "tenant_service/20240102120000_1a1b2c3d_create_tenant",
    "tenant_service/20240104120000_3a1b2c3d_index_tenant",
];

const UP: [&str; 5] = [
    "CREATE TABLE setting (key text PRIMARY KEY, value text DEFAULT '{\"a\": \"\\n\"}');\n",
    "CREATE TABLE letter (id bigint);\n",
    "-- migrator: requires mail/20240103120000\n\
     CREATE TABLE event (id bigint);\n",
    "\u{feff}CREATE TABLE tenant (id bigint, name text);\r\n-- größer\r\n",
    "-- migrator: no-transaction\n-- migrator: lock-timeout 1500ms\n\
     -- migrator: statement-timeout 5min\n\
     CREATE INDEX CONCURRENTLY ON tenant (name);\n",
];

const DOWN: [&str; 5] = [
    "DROP TABLE setting;\n",
    "-- migrator: lock-timeout 0s\nDROP TABLE letter;\n",
    "DROP TABLE event;\n",
    "DROP TABLE tenant;\n",
    "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY tenant_name_idx;\n",
];

/// Writes the tree to a folder of the crate.
pub fn write(to: &Crate, folder: &str) {
    to.write(&format!("{folder}/services.toml"), MANIFEST);
    to.write(&format!("{folder}/migrations/README.md"), "Not a script.\n");
    for ((name, up), down) in MIGRATIONS.iter().zip(UP).zip(DOWN) {
        to.write(&format!("{folder}/migrations/{name}.up.sql"), up);
        to.write(&format!("{folder}/migrations/{name}.down.sql"), down);
    }
}

/// The path of a script below the crate.
pub fn script(migration: usize, direction: &str) -> String {
    format!(
        "database/migrations/{}.{direction}.sql",
        MIGRATIONS[migration]
    )
}
