//! Pictures of a graph: a file for each format.

mod dot;
mod html;
mod layout;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use migrator_model::MigrationId;

use crate::arguments::Picture;
use crate::view::{Graph, GraphService};
use crate::words::count;

pub(crate) use html::escape;
pub(crate) use svg::image;

/// The style of the image, for a light and a dark page.
pub(crate) const STYLE: &str = include_str!("graph.css");

/// The picture in the format of the graph, without a line break at its end.
pub(crate) fn picture(graph: &Graph) -> String {
    let picture = match graph.format {
        Picture::Mermaid => mermaid::text(graph),
        Picture::Dot => dot::text(graph),
        Picture::Svg => svg::file(graph),
        Picture::Html => html::page(graph),
    };
    picture.trim_end().to_owned()
}

/// The services of each tier, in the order of the tiers. Those that only the history has are last.
fn by_tier(graph: &Graph) -> impl Iterator<Item = (&str, Vec<&GraphService>)> {
    let tiers = graph.tiers.iter().map(|tier| Some(tier.as_str()));
    let all = tiers.chain([None]).map(|tier| {
        let services = graph.services.iter();
        let services = services.filter(|service| service.tier.as_deref() == tier);
        (tier.unwrap_or("Not in the tree"), services.collect())
    });
    all.filter(|(_, services): &(_, Vec<_>)| !services.is_empty())
}

/// The migrations that require others or are required, with the number of each, by service.
fn required(graph: &Graph) -> BTreeMap<&MigrationId, usize> {
    let pairs = graph.requires.iter();
    let ids = pairs.flat_map(|one| [&one.migration, &one.requires]);
    let ids: BTreeSet<&MigrationId> = ids.collect();
    ids.into_iter().enumerate().map(|(n, id)| (id, n)).collect()
}

/// The text about a service below its name.
fn detail(service: &GraphService) -> String {
    match &service.state {
        Some(state) => format!(
            "{}, {}",
            count(service.migrations, "migration"),
            state.summary
        ),
        None => count(service.migrations, "migration"),
    }
}
