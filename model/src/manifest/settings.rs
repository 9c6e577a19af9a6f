//! Reads the tables `[drift]` and `[verify]`.

use toml::Spanned;
use toml::de::DeValue;

use super::table::Reader;
use crate::code::Code;

/// The longest name that Postgres accepts, in bytes (`NAMEDATALEN`).
const LONGEST_ROLE: usize = 63;

/// Whether Postgres reserves the name of a role (`IsReservedName`, `get_rolespec_name`).
fn is_reserved(role: &str) -> bool {
    role.starts_with("pg_") || ["public", "none"].contains(&role)
}

impl Reader<'_> {
    /// The patterns of objects that `drift` leaves out.
    pub(super) fn left_out(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("drift", "a table with the key `leave_out`", value);
            return Vec::new();
        };
        let fields = self.fields(table, "`[drift]`", &["leave_out"]);
        let patterns = match fields.get("leave_out") {
            Some(value) => self.strings(value, "leave_out"),
            None => Vec::new(),
        };
        for (pattern, offset) in &patterns {
            if pattern.trim().is_empty() {
                let message = "a pattern of `leave_out` is empty".to_owned();
                let help = "write the name of an object, such as \"table public.jobs\"; `*` \
                            stands for any characters";
                self.fault(Code::M0314, *offset, message, help);
            }
        }
        patterns.into_iter().map(|(pattern, _)| pattern).collect()
    }

    /// The roles that others create, for `verify`.
    pub(super) fn roles(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type("verify", "a table with the key `roles`", value);
            return Vec::new();
        };
        let fields = self.fields(table, "`[verify]`", &["roles"]);
        let roles = match fields.get("roles") {
            Some(value) => self.strings(value, "roles"),
            None => Vec::new(),
        };
        for (role, offset) in &roles {
            if role.is_empty() || role.len() > LONGEST_ROLE || is_reserved(role) {
                let message = format!("`{role}` cannot be the name of a role");
                let help = "write the name as in `CREATE ROLE`, without quotes: 1 to 63 bytes, \
                            not `public` or `none`, and not starting with `pg_`";
                self.fault(Code::M0302, *offset, message, help);
            }
        }
        roles.into_iter().map(|(role, _)| role).collect()
    }
}
