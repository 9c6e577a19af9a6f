//! What several formats share.

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::MigrationId;

use crate::view::{Graph, GraphService};
use crate::words::count;

/// The style of the image, for a light and a dark page.
pub(crate) const STYLE: &str = include_str!("graph.css");

/// The services of each tier, in the order of the tiers. Those that only the history has are last.
pub(super) fn by_tier(graph: &Graph) -> impl Iterator<Item = (&str, Vec<&GraphService>)> {
    let tiers = graph.tiers.iter().map(|tier| Some(tier.as_str()));
    let all = tiers.chain([None]).map(|tier| {
        let services = graph.services.iter();
        let services = services.filter(|service| service.tier.as_deref() == tier);
        (tier.unwrap_or("Not in the tree"), services.collect())
    });
    all.filter(|(_, services): &(_, Vec<_>)| !services.is_empty())
}

/// The migrations that require others or are required, with the number of each, by service.
pub(super) fn required(graph: &Graph) -> BTreeMap<&MigrationId, usize> {
    let pairs = graph.requires.iter();
    let ids = pairs.flat_map(|one| [&one.migration, &one.requires]);
    let ids: BTreeSet<&MigrationId> = ids.collect();
    ids.into_iter().enumerate().map(|(n, id)| (id, n)).collect()
}

/// The text about a service below its name.
pub(super) fn detail(service: &GraphService) -> String {
    match &service.state {
        Some(state) => format!(
            "{}, {}",
            count(service.migrations, "migration"),
            state.summary
        ),
        None => count(service.migrations, "migration"),
    }
}

/// The text within HTML or XML, also within an attribute in double quotes. A control character
/// becomes a space, because XML allows none but the line break.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
