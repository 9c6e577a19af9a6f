//! Pictures of a graph: a file for each format.

mod dot;
mod html;
mod layout;
mod mermaid;
mod parts;
mod svg;

use crate::arguments::Picture;
use crate::view::Graph;

pub(crate) use parts::{STYLE, escape};
pub(crate) use svg::image;

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
