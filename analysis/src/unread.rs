//! Scripts with errors, and the names that they may have changed.
//!
//! Such a script does not show what it creates, drops or alters. The other scripts are still
//! checked. A finding that depends on a name in such a script is not reported.

use std::collections::{BTreeSet, HashSet};

use migrator_model::{Code, Problem, Resolved};

use crate::script::{Pair, Script};

/// Scripts with errors, and the names that they may have changed.
///
/// Such a script does not show what it creates, drops or alters. The other scripts are still
/// checked. A finding that depends on a name in such a script is not reported.
#[derive(Default)]
pub(crate) struct Unread {
    paths: BTreeSet<String>,
    /// All words of the up scripts with errors, in lower case.
    words: BTreeSet<String>,
    /// Whether the order of the migrations is known.
    is_ordered: bool,
}

impl Unread {
    /// Collects the scripts that the tree could not resolve and those with findings.
    pub(crate) fn of(resolved: &Resolved, pairs: &[Pair<'_>], found: &[&Script<'_>]) -> Unread {
        let mut unread = Unread {
            is_ordered: resolved.problems.iter().all(keeps_order),
            ..Unread::default()
        };
        for text in &resolved.unread {
            unread.add_words(text);
        }
        unread.paths = found.iter().map(|script| script.path.to_owned()).collect();
        for pair in pairs {
            if unread.contains(&pair.up) {
                unread.add_words(pair.up.sql.text);
            }
        }
        unread
    }

    fn add_words(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        let distinct: HashSet<&str> = words.collect();
        let words = distinct.into_iter().map(str::to_lowercase);
        self.words.extend(words);
    }

    /// Whether no script has an error.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.words.is_empty() && self.is_ordered
    }

    /// Whether the order of the migrations is known.
    pub(crate) fn is_ordered(&self) -> bool {
        self.is_ordered
    }

    pub(crate) fn contains(&self, script: &Script<'_>) -> bool {
        self.paths.contains(script.path)
    }

    /// Whether an up script with errors contains all words of a name.
    pub(crate) fn may_mention(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let mut words = name.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        !self.words.is_empty() && words.all(|word| word.is_empty() || self.words.contains(word))
    }
}

/// Whether a problem of the tree does not change the order of the other migrations.
fn keeps_order(problem: &Problem) -> bool {
    const OF_ONE: [Code; 21] = [
        Code::M0102,
        Code::M0103,
        Code::M0104,
        Code::M0105,
        Code::M0106,
        Code::M0107,
        Code::M0108,
        Code::M0111,
        Code::M0114,
        Code::M0115,
        Code::M0116,
        Code::M0117,
        Code::M0201,
        Code::M0202,
        Code::M0203,
        Code::M0204,
        Code::M0205,
        Code::M0206,
        Code::M0207,
        Code::M0313,
        Code::M0314,
    ];
    OF_ONE.contains(&problem.code)
}
