//! Texts that a command prints as they are.

use migrator_model::Code;
use serde::{Serialize, Serializer};

/// The page about a code.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) code: Code,
}

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Members {
            code: self.code.as_str(),
            title: self.code.title(),
            page: self.code.page(),
        }
        .serialize(to)
    }
}

#[derive(Serialize)]
struct Members {
    code: &'static str,
    title: &'static str,
    page: &'static str,
}

/// A completion script for a shell.
#[derive(Debug, Serialize)]
pub(crate) struct Completions {
    pub(crate) script: String,
}

/// The digest of the migrations.
#[derive(Debug, Serialize)]
pub(crate) struct Digest {
    /// 16 hex digits.
    pub(crate) digest: String,
    /// How many migrations it covers.
    pub(crate) migrations: usize,
}

/// The manual pages of `man`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Manual {
    /// The page of the program, for `man`.
    Page { page: String },
    /// The files that were written.
    Created { created: Vec<String> },
}
