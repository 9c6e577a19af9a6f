//! The roles and extensions that the server of `verify` needs.

use super::{MANIFEST, ORDERS, document, tree, verify, write};
use crate::support::{database, query};

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
    let report = document(&mut verify(folder.path(), &["--output=json"]));
    let errors = report["errors"].as_array().expect("a list");
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
    let report = document(&mut verify(folder.path(), &["--output=json"]));
    let errors = report["errors"].as_array().cloned().unwrap_or_default();
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
    let report = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(
        report["errors"][0]["help"],
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
    let report = document(&mut verify(folder.path(), &["--output=json"]));
    assert_eq!(
        report["errors"][0]["help"],
        "the temporary server has no extension `no_such_extension`: install it beside that \
         server's programs, or lend an empty database of a server that has it: `--database-url`"
    );
}
