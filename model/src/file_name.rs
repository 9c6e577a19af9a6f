//! Parses and writes the file names of migrations. No other module does this.

use std::fmt;

use crate::code::Code;
use crate::version::Version;

/// The parts of `YYYYMMDDHHMMSS_XXXXXXXX_name.up.sql`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName {
    /// The 14 digits.
    pub version: Version,
    /// The 8 hex digits.
    pub uid: String,
    /// The slug.
    pub name: String,
    /// The direction.
    pub direction: Direction,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The script applies the migration.
    Up,
    /// The script reverts the migration.
    Down,
}

/// A fault in a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// The forms of the verb for a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb {
    /// `apply` or `revert`.
    pub base: &'static str,
    /// `applied` or `reverted`.
    pub past: &'static str,
    /// `applying` or `reverting`.
    pub progressive: &'static str,
}

impl Direction {
    /// `up` or `down`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }

    /// The direction with this word, `up` or `down`.
    #[must_use]
    pub fn find(word: &str) -> Option<Direction> {
        let both = [Direction::Up, Direction::Down];
        both.into_iter().find(|one| one.as_str() == word)
    }

    /// The verb: up applies, down reverts.
    #[must_use]
    pub fn verb(self) -> Verb {
        match self {
            Direction::Up => Verb {
                base: "apply",
                past: "applied",
                progressive: "applying",
            },
            Direction::Down => Verb {
                base: "revert",
                past: "reverted",
                progressive: "reverting",
            },
        }
    }

    /// The ending of the file name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Direction::Up => ".up.sql",
            Direction::Down => ".down.sql",
        }
    }

    /// The other direction.
    #[must_use]
    pub fn other(self) -> Direction {
        match self {
            Direction::Up => Direction::Down,
            Direction::Down => Direction::Up,
        }
    }
}

impl FileName {
    /// Reads a file name. `None` if it is not that of a script.
    #[must_use]
    pub fn read(file: &str) -> Option<FileName> {
        FileName::parse(file).ok()
    }

    /// The file name of the migration's other script.
    #[must_use]
    pub fn partner(&self) -> FileName {
        FileName {
            direction: self.direction.other(),
            ..self.clone()
        }
    }

    /// `YYYYMMDDHHMMSS_XXXXXXXX_name`.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}_{}_{}", self.version, self.uid, self.name)
    }

    /// Parses a file name. Each wrong part gives a fault.
    pub(crate) fn parse(file: &str) -> Result<FileName, Vec<Fault>> {
        let mut faults = Vec::new();
        let (stem, direction) = match split_ending(file) {
            Ok(parts) => parts,
            Err((stem, fault)) => {
                faults.push(fault);
                (stem, Direction::Up)
            }
        };
        let mut parts = stem.splitn(3, '_');
        let version_text = parts.next().unwrap_or_default();
        let (uid, name) = (parts.next(), parts.next());
        let version = Version::parse(version_text).map_err(|fault| {
            faults.push(Fault {
                code: Code::M0102,
                message: match version_text {
                    "" => "the version is missing".to_owned(),
                    text => format!("`{text}` is not a version: {fault}"),
                },
                help: "a file name starts with the UTC time, `YYYYMMDDHHMMSS_`".to_owned(),
            });
        });
        let uid_fault = uid_fault(uid.unwrap_or_default());
        let name_fault = name_fault(name.unwrap_or_default());
        // Report a missing part only if all parts before it are right: a wrong part may
        // contain the missing one. If the version has other characters than digits, the
        // name may have another form, so report nothing after it.
        let misses_uid = version.is_ok();
        let misses_name = misses_uid && uid_fault.is_none();
        if version_text.chars().all(|c| c.is_ascii_digit()) {
            faults.extend(uid_fault.filter(|_| uid.is_some() || misses_uid));
            faults.extend(name_fault.filter(|_| name.is_some() || misses_name));
        }
        match (version, uid, name, faults.is_empty()) {
            (Ok(version), Some(uid), Some(name), true) => Ok(FileName {
                version,
                uid: uid.to_owned(),
                name: name.to_owned(),
                direction,
            }),
            _ => Err(faults),
        }
    }
}

/// `up` or `down`.
impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stem(), self.direction.ending())
    }
}

/// The version at the start of a file name. The rest may be wrong.
pub(crate) fn version_of(file: &str) -> Option<Version> {
    let (version, _) = file.split_once('_')?;
    Version::parse(version).ok()
}

/// Whether a file is probably meant to be a script.
pub(crate) fn looks_like_a_script(file: &str) -> bool {
    file.starts_with(|c: char| c.is_ascii_digit()) || file.to_lowercase().ends_with(".sql")
}

fn split_ending(file: &str) -> Result<(&str, Direction), (&str, Fault)> {
    for direction in [Direction::Up, Direction::Down] {
        if let Some(stem) = file.strip_suffix(direction.ending()) {
            return Ok((stem, direction));
        }
    }
    let stem = file.split('.').next().unwrap_or_default();
    let lower = file.to_lowercase();
    let known = [Direction::Up, Direction::Down].map(Direction::ending);
    let help = if let Some(known) = known.iter().find(|known| lower.ends_with(*known)) {
        format!("write the ending in lower case: `{known}`")
    } else if lower.rsplit('.').next() == Some("sql") {
        "change the ending to `.up.sql` or `.down.sql`".to_owned()
    } else {
        "end the file name in `.up.sql` or `.down.sql`".to_owned()
    };
    let ending = &file[stem.len()..];
    let fault = Fault {
        code: Code::M0107,
        message: match ending {
            "" => "the file name has no ending".to_owned(),
            ending => format!("`{ending}` is not the ending of a script"),
        },
        help,
    };
    Err((stem, fault))
}

fn uid_fault(uid: &str) -> Option<Fault> {
    let digits = uid.chars().count();
    let message = if uid.is_empty() {
        "the uid is missing".to_owned()
    } else if let Some(other) = uid.chars().find(|c| !c.is_ascii_hexdigit()) {
        format!("`{uid}` is not a uid: `{other}` is not a hex digit")
    } else if digits != 8 {
        format!("`{uid}` is not a uid: it has {digits} hex digits, not 8")
    } else if uid.chars().any(|c| c.is_ascii_uppercase()) {
        format!("`{uid}` is not a uid: it is not lower case")
    } else {
        return None;
    };
    Some(Fault {
        code: Code::M0103,
        message,
        help: "after the version, write `_` and the first 8 hex digits of a random UUID".to_owned(),
    })
}

fn name_fault(name: &str) -> Option<Fault> {
    let fault = snake_case_fault(name)?;
    Some(Fault {
        code: Code::M0106,
        message: match name {
            "" => "the name is missing".to_owned(),
            name => format!("`{name}` is not a migration's name: {fault}"),
        },
        help: "after the uid, write `_` and a name in lower snake case, such as \
               `create_tenants_table`"
            .to_owned(),
    })
}

/// Why a text is not lower snake case; `None` if it is.
#[must_use]
pub fn snake_case_fault(text: &str) -> Option<String> {
    let first = text.chars().next();
    let strange = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_');
    if let Some(c) = text.chars().find(strange) {
        return Some(match c.is_uppercase() {
            true => format!("`{c}` is upper case"),
            false => format!("`{c}` is not a letter a to z, a digit or `_`"),
        });
    }
    match first {
        None => Some("it is empty".to_owned()),
        Some(c) if !c.is_ascii_lowercase() => Some(format!("it starts with `{c}`, not a letter")),
        Some(_) if text.ends_with('_') => Some("it ends in `_`".to_owned()),
        Some(_) if text.contains("__") => Some("it contains `__`".to_owned()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Direction, FileName};

    fn faults(file: &str) -> Vec<String> {
        FileName::parse(file)
            .expect_err(file)
            .into_iter()
            .map(|fault| format!("{}: {}", fault.code, fault.message))
            .collect()
    }

    #[test]
    fn a_valid_name_is_parsed_and_written_again() {
        let text = "20240101120000_a1b2c3d4_create_tenants_table.down.sql";
        let file = FileName::parse(text).expect(text);
        assert_eq!(file.name, "create_tenants_table");
        assert_eq!(file.direction, Direction::Down);
        assert_eq!(file.to_string(), text);
    }

    /// A file name with one fault, and the message.
    const WRONG_NAMES: &[(&str, &str)] = &[
        (
            "20240230000000_a1b2c3d4_x.up.sql",
            "M0102: `20240230000000` is not a version: 2024-02 has 29 days and no day 30",
        ),
        (
            "20240101000000_a1b2c3_x.up.sql",
            "M0103: `a1b2c3` is not a uid: it has 6 hex digits, not 8",
        ),
        (
            "20240101000000_A1B2C3D4_x.up.sql",
            "M0103: `A1B2C3D4` is not a uid: it is not lower case",
        ),
        (
            "20240101000000_g1b2c3d4_x.up.sql",
            "M0103: `g1b2c3d4` is not a uid: `g` is not a hex digit",
        ),
        (
            "20240101000000_a1b2c3d4_CreateX.up.sql",
            "M0106: `CreateX` is not a migration's name: `C` is upper case",
        ),
        (
            "20240101000000_a1b2c3d4_a-b.up.sql",
            "M0106: `a-b` is not a migration's name: `-` is not a letter a to z, a digit or `_`",
        ),
        (
            "20240101000000_a1b2c3d4_1x.up.sql",
            "M0106: `1x` is not a migration's name: it starts with `1`, not a letter",
        ),
        (
            "20240101000000_a1b2c3d4.up.sql",
            "M0106: the name is missing",
        ),
        (
            "20240101000000_create_tenants.up.sql",
            "M0103: `create` is not a uid: `r` is not a hex digit",
        ),
        (
            "20240101000000_create.up.sql",
            "M0103: `create` is not a uid: `r` is not a hex digit",
        ),
        ("20240101000000.up.sql", "M0103: the uid is missing"),
        (
            "20240101000000-a1b2c3d4-x.up.sql",
            "M0102: `20240101000000-a1b2c3d4-x` is not a version: `-` is not a digit",
        ),
        (
            "create_tenants_table.up.sql",
            "M0102: `create` is not a version: `c` is not a digit",
        ),
        (
            "20240101000000_a1b2c3d4_x",
            "M0107: the file name has no ending",
        ),
        (
            "20240101000000_a1b2c3d4_x.UP.SQL",
            "M0107: `.UP.SQL` is not the ending of a script",
        ),
        (
            "20240101000000_a1b2c3d4_x.sql",
            "M0107: `.sql` is not the ending of a script",
        ),
    ];

    #[test]
    fn each_wrong_part_has_its_own_message() {
        for (file, expected) in WRONG_NAMES {
            assert_eq!(faults(file), [*expected], "{file}");
        }
    }

    #[test]
    fn all_faults_of_a_name_are_found() {
        assert_eq!(faults("2024_x_Y.sql").len(), 4);
    }

    proptest! {
        #[test]
        fn no_name_panics(file in "\\PC{0,40}") {
            let _ = FileName::parse(&file);
        }
    }
}
