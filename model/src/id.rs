//! The identity of a migration, and how one migration names another.

use std::borrow::Cow;
use std::fmt;

use crate::version::Version;

/// A text. A static registry borrows its texts; a resolved registry owns them.
pub type Text = Cow<'static, str>;

/// The identity of a migration: `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
///
/// Its `Display` is the only code that writes this form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MigrationId {
    /// The service that owns it.
    pub service: Text,
    /// Its version.
    pub version: Version,
    /// Its 8 hex digits; empty if the name in a history has none.
    pub uid: Text,
    /// Its slug; if `uid` is empty, the whole name in the history.
    pub name: Text,
}

/// A reference to a migration, such as `auth/20240301090000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MigrationRef {
    /// The service that owns it.
    pub service: Text,
    /// Its version.
    pub version: Version,
}

impl MigrationId {
    /// The identity of a history entry, whose name is `<uid>_<name>`.
    ///
    /// An edited history may have a name of another form; the name then stays as it is.
    #[must_use]
    pub fn recorded(service: impl Into<Text>, version: Version, recorded: &str) -> MigrationId {
        let parts = recorded.split_once('_').filter(|(uid, _)| is_uid(uid));
        let (uid, name) = parts.unwrap_or(("", recorded));
        MigrationId {
            service: service.into(),
            version,
            uid: uid.to_owned().into(),
            name: name.to_owned().into(),
        }
    }

    /// `<uid>_<name>`, the name in the history.
    #[must_use]
    pub fn history_name(&self) -> String {
        match self.uid.is_empty() {
            true => self.name.to_string(),
            false => format!("{}_{}", self.uid, self.name),
        }
    }

    /// The reference to this migration.
    #[must_use]
    pub fn reference(&self) -> MigrationRef {
        MigrationRef {
            service: self.service.clone(),
            version: self.version,
        }
    }
}

fn is_uid(text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 8 && text.bytes().all(is_digit)
}

/// `tenant/20240101120000_a1b2c3d4_create_tenants_table`.
impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}_", self.service, self.version)?;
        if !self.uid.is_empty() {
            write!(f, "{}_", self.uid)?;
        }
        f.write_str(&self.name)
    }
}

/// `auth/20240301090000`.
impl fmt::Display for MigrationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::MigrationId;
    use crate::version::Version;

    #[test]
    fn a_recorded_name_is_read_and_written_back() {
        for (recorded, uid) in [
            ("a1b2c3d4_create_tenants_table", "a1b2c3d4"),
            ("a1b2c3d4_", "a1b2c3d4"),
            ("A1B2C3D4_create", ""),
            ("create_tenants_table", ""),
            ("_x", ""),
            ("", ""),
        ] {
            let version = Version::from_integer(20_240_101_120_000);
            let id = MigrationId::recorded("tenant", version, recorded);
            assert_eq!((&*id.uid, id.history_name().as_str()), (uid, recorded));
            assert_eq!(id.to_string(), format!("tenant/20240101120000_{recorded}"));
        }
    }
}
