//! What a draft of a down script is.

/// A draft of a down script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Draft {
    /// A script that reverts at least a part of the up script.
    Script {
        /// The script, with its directives.
        sql: String,
        /// What its author has to decide, and the lines of the up script. The script has a line for
        /// each of them, which M0244 warns of.
        gaps: Vec<String>,
    },
    /// No part of the script can be derived, and why.
    Impossible(String),
}
