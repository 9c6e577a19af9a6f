//! Carries over the settings of a template that a copy of its files does not include: those of
//! `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`.

use super::error::Error;
use super::session::Session;
use crate::session::quote::quote_literal;

/// Settings whose value is a list of quoted identifiers (`GUC_LIST_QUOTE`, as `pg_dump`'s
/// `variable_is_guc_list_quote` lists them).
const LISTS: &str = "'local_preload_libraries', 'search_path', 'session_preload_libraries', \
     'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories'";

/// Copies the settings of a template to its copy.
pub(super) async fn settings(session: &Session, from: &str, to: &str) -> Result<(), Error> {
    let doing = format!("setting up the database `{to}`");
    let rows = session.ask(&doing, &statements(from, to)).await?;
    for statement in rows.iter().flatten() {
        session.run(&doing, statement).await?;
    }
    Ok(())
}

/// The query that returns the statements.
fn statements(from: &str, to: &str) -> String {
    format!(
        "SELECT CASE setrole WHEN 0 THEN 'ALTER DATABASE {to}' \
         ELSE format('ALTER ROLE %I IN DATABASE {to}', pg_get_userbyid(setrole)) END \
         || format(' SET %I TO %s', key, CASE WHEN key IN ({LISTS}) \
         THEN value ELSE quote_literal(value) END) \
         FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase, \
         unnest(setconfig) AS setting, \
         split_part(setting, '=', 1) AS key, \
         substr(setting, strpos(setting, '=') + 1) AS value WHERE datname = {}",
        quote_literal(from)
    )
}
