//! The graph as an SVG image.

use std::cmp::Ordering;
use std::fmt::Write as _;

use migrator_model::MigrationId;

use super::layout::{HEIGHT, INSET, Layout, MARGIN, PILL, Place, bulge};
use super::parts::{STYLE, detail, escape};
use crate::view::{Graph, GraphService};

/// The image in a file of its own, with its style.
pub(super) fn file(graph: &Graph) -> String {
    image(graph, &format!("<style>\n{STYLE}</style>\n"))
}

/// The image, with `head` at its start.
pub(crate) fn image(graph: &Graph, head: &str) -> String {
    let layout = Layout::of(graph);
    let (width, height) = (layout.width, layout.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" role=\"group\" \
         aria-label=\"Services and their dependencies\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n{head}{MARKERS}"
    );
    for band in &layout.bands {
        let (top, height, label) = (band.top, band.height, escape(band.label));
        let _ = writeln!(
            text,
            "<rect class=\"band\" x=\"{MARGIN}\" y=\"{top}\" width=\"{}\" height=\"{height}\" rx=\"8\"/>\n\
             <text class=\"tier\" x=\"{}\" y=\"{}\">{label}</text>",
            width.saturating_sub(2 * MARGIN),
            MARGIN + 12,
            top + 20,
        );
    }
    dependencies(&mut text, graph, &layout);
    for service in &graph.services {
        if let Some(place) = layout.places.get(service.service.as_str()) {
            node(&mut text, service, *place, layout.box_width);
        }
    }
    requirements(&mut text, graph, &layout);
    for (id, corner) in &layout.migrations {
        migration(&mut text, id, *corner, layout.box_width - 2 * INSET);
    }
    text.push_str("</svg>\n");
    text
}

const MARKERS: &str = "<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" \
    markerUnits=\"userSpaceOnUse\" \
    markerWidth=\"10\" markerHeight=\"10\" orient=\"auto-start-reverse\">\
    <path class=\"head\" d=\"M0 0 10 5 0 10z\"/></marker></defs>\n";

fn dependencies(text: &mut String, graph: &Graph, layout: &Layout<'_>) {
    for one in &graph.dependencies {
        let class = match one.is_whole() {
            true => "edge",
            false => "edge dashed",
        };
        let about = one.label().map(|label| format!(": {label}"));
        let about = format!(
            "{} depends on {}{}",
            one.service,
            one.on,
            about.unwrap_or_default()
        );
        line(text, layout, (&one.service, &one.on), class, &about);
    }
}

/// A line for each required migration.
fn requirements(text: &mut String, graph: &Graph, layout: &Layout<'_>) {
    for one in &graph.requires {
        let from = layout.migrations.get(&one.migration);
        let Some((from, to)) = from.zip(layout.migrations.get(&one.requires)) else {
            continue;
        };
        let path = between(*from, *to, layout.box_width - 2 * INSET);
        let about = format!("{} requires {}", one.migration, one.requires);
        path_to(
            text,
            (&one.migration.service, &one.requires.service),
            "edge requires",
            &path,
            &about,
        );
    }
}

/// A curve from a migration to the one that it requires: at their left if one is above the other.
fn between(from: (usize, usize), to: (usize, usize), width: usize) -> String {
    let middle = (PILL - 4) / 2;
    let (y, end_y) = (from.1 + middle, to.1 + middle);
    if from.0.abs_diff(to.0) < width {
        let bend = from.0.min(to.0).saturating_sub(36);
        return format!("M{} {y}C{bend} {y} {bend} {end_y} {} {end_y}", from.0, to.0);
    }
    let (x, end_x) = match to.0 > from.0 {
        true => (from.0 + width, to.0),
        false => (from.0, to.0 + width),
    };
    let bend = usize::midpoint(x, end_x);
    format!("M{x} {y}C{bend} {y} {bend} {end_y} {end_x} {end_y}")
}

fn line(text: &mut String, layout: &Layout<'_>, pair: (&str, &str), class: &str, about: &str) {
    let (from, to) = pair;
    let (Some(start), Some(end)) = (layout.places.get(from), layout.places.get(to)) else {
        return;
    };
    // Lines between the same two boxes are beside each other.
    let shift = match end.y > start.y {
        true => 0,
        false => 16,
    };
    path_to(
        text,
        pair,
        class,
        &curve(*start, *end, layout, shift),
        about,
    );
}

/// A line with an arrow at its end.
fn path_to(text: &mut String, pair: (&str, &str), class: &str, path: &str, about: &str) {
    let (from, to, about) = (escape(pair.0), escape(pair.1), escape(about));
    let _ = writeln!(
        text,
        "<path class=\"{class}\" data-from=\"{from}\" data-to=\"{to}\" d=\"{path}\" \
         marker-end=\"url(#arrow)\"><title>{about}</title></path>"
    );
}

/// A curve from the box of a service to the box that it depends on, mostly upwards. A `shift`
/// of 16 is the middle of the boxes.
fn curve(from: Place, to: Place, layout: &Layout<'_>, shift: usize) -> String {
    let half = layout.box_width / 2 - 16;
    let (x, end_x) = (from.x + half + shift, to.x + half + shift);
    let skipped = from.row.abs_diff(to.row).saturating_sub(1);
    if skipped > 0 && x.abs_diff(end_x) < layout.box_width {
        return beside(from, to, layout, skipped);
    }
    let (y, end_y, bend, end_bend) = match to.y.cmp(&from.y) {
        Ordering::Less => {
            let end = to.y + to.height;
            let bend = (from.y - end) / 2;
            (from.y, end, from.y - bend, end + bend)
        }
        Ordering::Greater => {
            let start = from.y + from.height;
            let bend = (to.y - start) / 2;
            (start, to.y, start + bend, to.y - bend)
        }
        Ordering::Equal => {
            let bend = from.y.saturating_sub(30);
            (from.y, to.y, bend, bend)
        }
    };
    format!("M{x} {y}C{x} {bend} {end_x} {end_bend} {end_x} {end_y}")
}

/// A curve beside the boxes between the two, so that they do not hide it.
fn beside(from: Place, to: Place, layout: &Layout<'_>, skipped: usize) -> String {
    let (y, end_y) = (from.y + HEIGHT / 2, to.y + HEIGHT / 2);
    let far = bulge(skipped) * 4 / 3;
    let (x, end_x, bend) = match from.x + layout.box_width / 2 >= layout.width / 2 {
        true => {
            let (x, end_x) = (from.x + layout.box_width, to.x + layout.box_width);
            (x, end_x, x.max(end_x) + far)
        }
        false => (from.x, to.x, from.x.min(to.x).saturating_sub(far)),
    };
    format!("M{x} {y}C{bend} {y} {bend} {end_y} {end_x} {end_y}")
}

fn node(text: &mut String, service: &GraphService, place: Place, width: usize) {
    let Place { x, y, height, .. } = place;
    let class = service.condition().unwrap_or("plain");
    let (name, detail) = (&service.service, detail(service));
    let about = match service.description.as_str() {
        "" => format!("{name}: {detail}"),
        description => format!("{name}: {description}"),
    };
    let _ = writeln!(
        text,
        "<g class=\"service {class}\" data-service=\"{}\"><title>{}</title>\
         <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\
         <text class=\"name\" x=\"{middle}\" y=\"{}\">{}</text> \
         <text class=\"detail\" x=\"{middle}\" y=\"{}\">{}</text></g>",
        escape(name),
        escape(&about),
        y + 22,
        escape(&short(name, (width - 20) / 9)),
        y + 40,
        escape(&short(&detail, (width - 20) / 7)),
        middle = x + width / 2,
    );
}

fn migration(text: &mut String, id: &MigrationId, (x, y): (usize, usize), width: usize) {
    let (about, name) = (escape(&id.to_string()), short(&id.name, (width - 8) / 7));
    let _ = writeln!(
        text,
        "<g class=\"migration\" data-migration=\"{about}\"><title>{about}</title>\
         <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" rx=\"{}\"/>\
         <text class=\"detail\" x=\"{}\" y=\"{}\">{}</text></g>",
        PILL - 4,
        (PILL - 4) / 2,
        x + width / 2,
        y + 14,
        escape(&name),
    );
}

/// The text, or its start if it has more characters.
fn short(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text
            .chars()
            .take(most.saturating_sub(1))
            .chain(['…'])
            .collect(),
        false => text.to_owned(),
    }
}
