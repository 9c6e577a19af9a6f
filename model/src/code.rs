//! The table of the codes of all problems.
//!
//! Each code has a title and a page. The page is included at compile time: a code without
//! a page does not compile.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The code of a problem, such as `M0104`.
#[derive(Clone, Copy)]
pub struct Code(&'static Entry);

/// A row of the table, with a unique name.
struct Entry {
    name: &'static str,
    title: &'static str,
    page: &'static str,
    level: Option<Level>,
}

/// The effect of a lint's finding on the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The finding is not shown.
    Allow,
    /// The finding is shown.
    Warn,
    /// The finding stops the build.
    Deny,
}

impl Level {
    /// Reads `allow`, `warn` or `deny`.
    #[must_use]
    pub fn find(text: &str) -> Option<Level> {
        match text {
            "allow" => Some(Level::Allow),
            "warn" => Some(Level::Warn),
            "deny" => Some(Level::Deny),
            _ => None,
        }
    }
}

macro_rules! level {
    () => {
        None
    };
    ($level:ident) => {
        Some(Level::$level)
    };
}

macro_rules! codes {
    ($($name:ident $title:literal $($level:ident)?,)*) => {
        impl Code {
            $(
                #[doc = concat!($title, ".")]
                pub const $name: Code = Code(&Entry {
                    name: stringify!($name),
                    title: $title,
                    page: include_str!(concat!("../pages/", stringify!($name), ".md")),
                    level: level!($($level)?),
                });
            )*

            /// All codes, sorted.
            pub const ALL: &[Code] = &[$(Code::$name),*];
        }
    };
}

codes! {
    M0101 "the tree or its manifest does not exist",
    M0102 "a version is not 14 digits of a valid UTC time",
    M0103 "a uid is not 8 lower-case hex digits",
    M0104 "a migration has no down script",
    M0105 "a migration has no up script",
    M0106 "a migration's name is not lower snake case",
    M0107 "a file name does not end in .up.sql or .down.sql",
    M0108 "the two scripts of a migration have different names",
    M0109 "two migrations have the same uid",
    M0110 "two migrations of a service have the same version",
    M0111 "a file or folder is in the wrong place",
    M0112 "a folder belongs to no service",
    M0113 "a service's folder does not exist",
    M0114 "a symbolic link is broken",
    M0115 "a folder is in the place of a file, or a file in the place of a folder",
    M0116 "a file or folder cannot be read",
    M0117 "a file name is not UTF-8",
    M0118 "a symbolic link points out of the tree",
    M0201 "a script is not UTF-8",
    M0202 "a script contains a NUL byte",
    M0203 "a script contains no statement",
    M0204 "a directive is unknown",
    M0205 "a directive is malformed",
    M0206 "a directive has no effect",
    M0207 "a string, name or comment is not closed",
    M0208 "a script is not valid SQL",
    M0209 "a script needs psql",
    M0210 "a script begins or ends a transaction",
    M0211 "a statement cannot run in a transaction",
    M0212 "no-transaction is not needed" Warn,
    M0213 "a NOT NULL column is added without a default" Deny,
    M0214 "a script outside a transaction cannot run twice" Warn,
    M0215 "a new column makes Postgres rewrite the table" Warn,
    M0216 "building an index blocks writes" Warn,
    M0217 "validating a CHECK blocks reads and writes" Warn,
    M0218 "validating a foreign key blocks writes" Warn,
    M0219 "changing a column's type blocks reads and writes" Warn,
    M0220 "a table or column is renamed" Warn,
    M0221 "a column is dropped" Warn,
    M0222 "a table is dropped" Warn,
    M0223 "a down script drops with CASCADE" Warn,
    M0224 "building a unique or primary key blocks reads and writes" Warn,
    M0225 "SET NOT NULL blocks reads and writes" Warn,
    M0226 "an allow directive silences nothing" Warn,
    M0227 "a down script does not drop what its up script creates" Deny,
    M0228 "a down script does not restore what its up script drops" Deny,
    M0229 "a down script does not undo its up script's table changes" Deny,
    M0230 "a down script drops what its up script does not create" Deny,
    M0232 "a migration is irreversible" Allow,
    M0233 "two names have the same first 63 bytes" Deny,
    M0234 "a down script restores another definition" Warn,
    M0235 "a migration of the base is gone or changed",
    M0236 "a new migration is older than the base" Deny,
    M0237 "the base or the file of verdicts cannot be read",
    M0241 "a character is invisible or misleading" Deny,
    M0242 "an enum value is used in the transaction that adds it" Deny,
    M0243 "an index of a partitioned table is built or dropped concurrently" Deny,
    M0244 "a script is still the template of create" Warn,
    M0301 "the manifest is not valid TOML",
    M0302 "the manifest has an unknown key or a value of the wrong type",
    M0303 "a tier's name is empty or used twice",
    M0304 "a service's tier is unknown",
    M0305 "a service depends on an unknown service",
    M0306 "a service depends on a service of a later tier",
    M0307 "services depend on each other in a cycle",
    M0308 "a service's name is malformed",
    M0309 "a service's directory is malformed or used twice",
    M0310 "a migration requires a migration that does not exist",
    M0311 "a migration requires itself",
    M0312 "migrations require each other in a cycle",
    M0313 "a table of lints has an unknown lint, level or version",
    M0314 "a drift pattern is empty",
    M0320 "a script refers to a service that its own service does not depend on",
    M0321 "a script refers to an object that a later migration creates",
    M0322 "a script refers to an object that an earlier migration dropped",
    M0323 "a script changes another service's object" Deny,
    M0324 "a script creates an object that already exists" Deny,
    M0325 "a script refers to an object that no script creates" Warn,
    M0401 "an applied migration's up script was changed",
    M0402 "an applied migration is missing from the registry",
    M0403 "a pending migration is out of order",
    M0404 "a migration is dirty",
    M0405 "applied migrations of other services depend on the migration to revert",
    M0406 "the target is not in the registry",
    M0407 "a migration to revert has no down script",
    M0408 "an irreversible migration cannot be reverted",
    M0501 "a script failed",
    M0502 "the lock was not obtained",
    M0503 "the connection was lost",
    M0504 "the history has a format that this binary does not know",
    M0505 "the history could not be read or written",
    M0506 "the database is not current",
    M0510 "a down script does not undo its up script" Deny,
    M0511 "an up script has another effect the second time" Deny,
    M0512 "the database for verify is not empty",
    M0513 "a database could not be emptied",
    M0514 "the database contradicts an interrupted script",
    M0515 "a statement of an earlier run is still running",
    M0518 "the run was stopped",
    M0521 "the list of a fleet's databases cannot be read",
    M0525 "the database is read-only",
    M0526 "the history cannot be trusted",
    M0527 "a recorded script does not match its checksum",
    M0528 "the run lost its lock",
    M0529 "the server may still hold the lock of a finished run",
    M0530 "a step is committed, but perhaps not on the standby",
    M0531 "a script is too long for a message to the server",
    M0601 "an object exists that no migration creates",
    M0602 "an object of a migration no longer exists",
    M0603 "an object differs from its migrations",
    M0604 "the history cannot be replayed",
    M0605 "the catalog could not be read",
    M0606 "a replayed script may have caught a refusal",
    M0901 "the connection settings are not valid",
    M0902 "the server cannot be reached",
    M0903 "the server refused the connection",
    M0904 "a secure connection could not be made",
    M0905 "no database is named",
    M0906 "the local development server could not be used",
    M0907 "there is no tree on disk",
    M0908 "a program is missing or failed",
    M0910 "a recorded script needs a superuser",
    M1001 "the migrations of another tool cannot be read",
    M1002 "a file of another tool cannot be converted",
    M1003 "another tool's history has a failed migration",
    M1004 "another tool's history is not in the database",
    M1005 "another tool's history and its folder do not match",
    M1006 "the catalog contradicts a migration to record",
    M1007 "another tool holds its lock",
}

impl Code {
    /// The code as text, such as `M0104`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0.name
    }

    /// What the code means, in half a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// The page about the code, in Markdown.
    #[must_use]
    pub const fn page(self) -> &'static str {
        self.0.page
    }

    /// The default level of a lint; `None` for a code that always stops the build.
    #[must_use]
    pub const fn level(self) -> Option<Level> {
        self.0.level
    }

    /// Finds the code that the user typed, in upper or lower case.
    #[must_use]
    pub fn find(text: &str) -> Option<Code> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Code) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Code) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn the_codes_are_sorted_and_unique() {
        assert!(Code::ALL.is_sorted_by(|a, b| a.as_str() < b.as_str()));
    }

    #[test]
    fn every_page_opens_with_its_code_and_title() {
        for code in Code::ALL {
            let heading = format!("# {code}: {}\n", code.title());
            assert!(
                code.page().starts_with(&heading),
                "pages/{code}.md opens with {heading:?}"
            );
        }
    }

    #[test]
    fn a_code_is_found_in_either_case() {
        assert_eq!(Code::find("m0104"), Some(Code::M0104));
        assert_eq!(Code::find("M9999"), None);
    }
}
