//! The folders of `runtime` import each other in one direction.

use crate::modules::imports;
use crate::source::of_crate;

/// The folders and files at the top of `runtime/src`, in order: each imports only from those
/// before it. The documentation of `lib.rs` describes them.
const LAYERS: &[&str] = &[
    "options", "event", "error", "session", "history", "context", "lock", "step", "run", "observe",
    "migrator", "fleet", "trial", "testing",
];

#[test]
fn each_layer_of_runtime_imports_only_from_layers_before_it() {
    let place = |module: &[String]| {
        let layer = module.first()?;
        LAYERS.iter().position(|known| known == layer)
    };
    let mut upward = Vec::new();
    for (from, targets) in imports(&of_crate("runtime")) {
        let Some(layer) = from.first() else { continue };
        let own = place(&from);
        assert!(own.is_some(), "`{layer}` is not in the list of layers");
        // The modules of `lib.rs` itself are its children.
        let is_upward = |to: &[String]| to.is_empty() || place(to) > own;
        for (to, taken) in targets.iter().filter(|(to, _)| is_upward(to)) {
            let (from, to) = (from.join("::"), to.join("::"));
            upward.push(format!("{from} imports `{taken}` from `{to}`"));
        }
    }
    assert!(
        upward.is_empty(),
        "imports from a layer further down:\n\n{}",
        upward.join("\n")
    );
}
