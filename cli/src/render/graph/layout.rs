//! Places the services of a graph: a band for each tier, and in it a row for each depth.

use std::collections::BTreeMap;

use migrator_model::MigrationId;

use super::parts::{by_tier, detail, required};
use crate::view::{Declared, Graph, GraphService};

/// The height of a box without migrations.
pub(super) const HEIGHT: usize = 52;
/// The height of a migration in a box, with the space below it.
pub(super) const PILL: usize = 24;
/// The space beside a migration in a box.
pub(super) const INSET: usize = 10;
/// The space between boxes of a row.
const GAP: usize = 24;
/// The space between rows, where the lines bend.
const ROW_GAP: usize = 44;
/// The space around all bands.
pub(super) const MARGIN: usize = 16;
/// The height of a band's label.
const LABEL: usize = 30;
/// The most boxes in a row.
const MOST: usize = 6;
/// The widest and the narrowest box.
const WIDTHS: (usize, usize) = (150, 300);

/// Where everything is, in pixels.
pub(super) struct Layout<'g> {
    pub(super) bands: Vec<Band<'g>>,
    pub(super) places: BTreeMap<&'g str, Place>,
    /// The upper left corners of the migrations that require others or are required.
    pub(super) migrations: BTreeMap<&'g MigrationId, (usize, usize)>,
    /// The width of each box.
    pub(super) box_width: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    /// The number of rows so far.
    rows: usize,
}

/// A tier.
pub(super) struct Band<'g> {
    pub(super) label: &'g str,
    pub(super) top: usize,
    pub(super) height: usize,
}

/// The upper left corner of a box.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) height: usize,
    /// The number of its row, from the top of the image.
    pub(super) row: usize,
}

impl<'g> Layout<'g> {
    pub(super) fn of(graph: &'g Graph) -> Layout<'g> {
        let tiers: Vec<(&str, Vec<Vec<&GraphService>>)> = by_tier(graph)
            .map(|(tier, services)| (tier, rows(graph, &services)))
            .collect();
        let box_width = box_width(graph);
        let widest = tiers.iter().flat_map(|(_, rows)| rows).map(Vec::len).max();
        let rows = tiers.iter().map(|(_, rows)| rows.len()).sum();
        let inner = widest.unwrap_or_default() * (box_width + GAP) + GAP + 2 * bulge(rows);
        let mut layout = Layout {
            bands: Vec::new(),
            places: BTreeMap::new(),
            migrations: BTreeMap::new(),
            box_width,
            width: inner + 2 * MARGIN,
            height: MARGIN,
            rows: 0,
        };
        for (label, rows) in tiers {
            layout.band(graph, label, rows);
        }
        layout
    }

    fn band(&mut self, graph: &'g Graph, label: &'g str, rows: Vec<Vec<&'g GraphService>>) {
        let top = self.height;
        let mut y = top + LABEL;
        let required = required(graph);
        for row in rows {
            let row = self.ordered(graph, row);
            let used = row.len() * (self.box_width + GAP) - GAP;
            let mut x = self.width.saturating_sub(used) / 2;
            let mut tallest = HEIGHT;
            for service in row {
                let own = required.keys().filter(|id| id.service == service.service);
                let mut height = HEIGHT;
                for id in own {
                    self.migrations.insert(id, (x + INSET, y + height));
                    height += PILL;
                }
                tallest = tallest.max(height);
                let row = self.rows;
                let place = Place { x, y, height, row };
                self.places.insert(&service.service, place);
                x += self.box_width + GAP;
            }
            self.rows += 1;
            y += tallest + ROW_GAP;
        }
        let height = y - ROW_GAP + GAP - top;
        self.bands.push(Band { label, top, height });
        self.height = top + height + MARGIN;
    }

    /// The services of a row, each near the services above it that it depends on.
    fn ordered(&self, graph: &'g Graph, row: Vec<&'g GraphService>) -> Vec<&'g GraphService> {
        let mut keyed: Vec<(usize, &GraphService)> = row
            .into_iter()
            .map(|service| {
                let own = graph.dependencies.iter();
                let own = own.filter(|one| one.service == service.service);
                let above = own.filter_map(|one| self.places.get(one.on.as_str()));
                let xs: Vec<usize> = above.map(|place| place.x).collect();
                let middle = self.width / 2;
                (
                    xs.iter()
                        .sum::<usize>()
                        .checked_div(xs.len())
                        .unwrap_or(middle),
                    service,
                )
            })
            .collect();
        keyed.sort_by_key(|(x, _)| *x);
        keyed.into_iter().map(|(_, service)| service).collect()
    }
}

/// How far, in pixels, a line bends to pass boxes in this number of rows.
pub(super) fn bulge(rows: usize) -> usize {
    (16 + 12 * rows).min(120)
}

/// The rows of a tier: first the services that depend on no other service of the tier.
fn rows<'g>(graph: &'g Graph, services: &[&'g GraphService]) -> Vec<Vec<&'g GraphService>> {
    // Services are in plan order, so a service comes after those that it depends on.
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows: BTreeMap<usize, Vec<&GraphService>> = BTreeMap::new();
    for service in services {
        let own = graph.dependencies.iter();
        let own = own.filter(|one| one.service == service.service);
        let own = own.filter(|one| one.declared == Declared::Directly);
        let below = own.filter_map(|one| depths.get(one.on.as_str()));
        let depth = below.max().map_or(0, |depth| depth + 1);
        depths.insert(&service.service, depth);
        rows.entry(depth).or_default().push(service);
    }
    let rows = rows.into_values();
    rows.flat_map(|row| row.chunks(MOST).map(<[_]>::to_vec).collect::<Vec<_>>())
        .collect()
}

fn box_width(graph: &Graph) -> usize {
    let (narrowest, widest) = WIDTHS;
    let widths = graph.services.iter().map(|service| {
        let name = service.service.chars().count() * 9;
        let detail = detail(service).chars().count() * 7;
        name.max(detail) + 28
    });
    let names = graph.requires.iter();
    let names = names.flat_map(|one| [&one.migration.name, &one.requires.name]);
    let names = names.map(|name| name.chars().count() * 7 + 28 + 2 * INSET);
    let most = widths.chain(names).max();
    most.unwrap_or_default().clamp(narrowest, widest)
}
