//! The graph as a page of its own.

use super::parts::STYLE;
use super::svg::image;
use crate::view::Graph;

/// A page with the image and nothing else.
pub(super) fn page(graph: &Graph) -> String {
    let image = image(graph, "");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Services and their dependencies</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>Services and their dependencies</h1>\n{image}\
         <p>A dashed line is a dependency that the manifest does not declare, or that the SQL does \
         not use. A thick line leads from a migration to the one that it requires.</p>\n</main>\n</body>\n</html>\n"
    )
}
