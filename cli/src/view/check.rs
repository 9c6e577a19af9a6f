//! What `check` found in a tree.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use migrator_model::{Code, Severity};
use serde::{Serialize, Serializer};

use super::members::{self, severity_word};
use super::new_migration::NewMigration;
use super::problem::Located;

/// What `check` found.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    #[serde(serialize_with = "findings")]
    pub(crate) findings: Vec<Located>,
    /// Warnings first, then errors, each by code.
    pub(crate) codes: Vec<CodeCount>,
    /// How many findings `--service` and `--code` leave out.
    pub(crate) left_out: usize,
    /// How many migrations the tree has.
    pub(crate) migrations: usize,
    /// How many services the tree has.
    pub(crate) services: usize,
    /// The answer of the server, if one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<GrammarAnswer>,
    /// The commit with which the tree was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<Base>,
    /// The tree's folder, as messages name it.
    #[serde(skip)]
    pub(crate) folder: String,
}

/// The commit with which the tree was compared.
#[derive(Debug, Serialize)]
pub(crate) struct Base {
    /// Its name, as the user wrote it.
    pub(crate) name: String,
    /// Its hash.
    pub(crate) commit: String,
    /// The migrations that it does not have, in plan order.
    pub(crate) new: Vec<NewMigration>,
    /// Whether it has no tree.
    #[serde(skip)]
    pub(crate) is_empty: bool,
    /// How many findings its tree has. Migrations with findings are not compared.
    pub(crate) findings: usize,
}

/// How many findings have a code.
#[derive(Debug, Serialize)]
pub(crate) struct CodeCount {
    #[serde(serialize_with = "members::code")]
    pub(crate) code: Code,
    #[serde(serialize_with = "members::severity")]
    pub(crate) severity: Severity,
    pub(crate) count: usize,
    pub(crate) title: &'static str,
}

/// How a server answered about the grammar of the scripts.
#[derive(Debug, Serialize)]
pub(crate) struct GrammarAnswer {
    /// The server's version, such as `15.18`.
    pub(crate) version: String,
    /// How many scripts the server was asked about.
    pub(crate) scripts: usize,
    /// How many of them it refused.
    pub(crate) refused: usize,
}

impl Check {
    /// How many findings stop the build.
    pub(crate) fn errors(&self) -> usize {
        let findings = self.findings.iter().map(|one| one.problem.severity);
        findings.filter(|one| *one == Severity::Error).count()
    }
}

impl CodeCount {
    /// Counts the findings of each code: warnings first, then errors.
    pub(crate) fn of(findings: &[Located]) -> Vec<CodeCount> {
        let mut counts: BTreeMap<(Reverse<Severity>, Code), usize> = BTreeMap::new();
        for Located { problem, .. } in findings {
            let key = (Reverse(problem.severity), problem.code);
            *counts.entry(key).or_default() += 1;
        }
        let counts = counts.into_iter();
        let count =
            |((Reverse(severity), code), count): ((Reverse<Severity>, Code), usize)| CodeCount {
                code,
                severity,
                count,
                title: code.title(),
            };
        counts.map(count).collect()
    }
}

/// The findings, with their severity and without notes.
fn findings<S: Serializer>(findings: &[Located], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(findings.iter().map(|Located { problem, .. }| {
        let position = problem.position();
        Members {
            severity: severity_word(problem.severity),
            code: problem.code.as_str(),
            path: problem.path(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            message: &problem.message,
            help: &problem.help,
        }
    }))
}

/// One of the document's `findings`.
#[derive(Serialize)]
struct Members<'a> {
    severity: &'static str,
    code: &'static str,
    path: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    help: &'a str,
}
