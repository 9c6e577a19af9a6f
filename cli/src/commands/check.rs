//! `check`: the tree on disk, as `cargo build` sees it.

use migrator_model::{Diagnostic, Node, Tree, resolve};
use serde_json::json;

use super::{Context, Outcome, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::tree::Folder;

pub(super) fn run(context: Context<'_>) -> Outcome {
    let folder = Folder::require(context.environment.directory(&context.global))?;
    let tree = folder.read();
    let resolved = resolve(&tree);
    let output = context.output;
    if resolved.diagnostics.is_empty() {
        let (migrations, services) = (
            resolved.registry.migrations.len(),
            resolved.registry.services.len(),
        );
        output.member("migrations", json!(migrations));
        output.member("services", json!(services));
        output.member("errors", json!([]));
        output.line(&format!(
            "{} of {} in {}: no findings",
            count(migrations, "migration"),
            count(services, "service"),
            folder.shown
        ));
        return Ok(Exit::Done);
    }
    Err(refused(&tree, &resolved.diagnostics))
}

/// Findings, each with the line that it is on.
pub(super) fn refused<'a>(
    tree: &Tree,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
) -> Failure {
    let errors = diagnostics
        .into_iter()
        .map(|diagnostic| render::finding(diagnostic, line(tree, diagnostic)));
    Failure {
        exit: Exit::Refused,
        errors: errors.collect(),
    }
}

/// The line of the file that a finding is on.
fn line(tree: &Tree, diagnostic: &Diagnostic) -> Option<String> {
    let position = diagnostic.place.position?;
    let below = diagnostic.place.path.strip_prefix(&tree.root)?;
    let Some(Node::File(bytes)) = tree.nodes.get(below.trim_start_matches('/')) else {
        return None;
    };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    text.lines().nth(position.line - 1).map(str::to_owned)
}
