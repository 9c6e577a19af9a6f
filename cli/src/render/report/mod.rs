//! The page of `report`: a skeleton, a style, a script and the data, in one file.

use super::graph::{STYLE, escape, image};
use crate::view::Report;

const SKELETON: &str = include_str!("page.html");
const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    "'use strict';\n",
    include_str!("elements.js"),
    include_str!("schema.js"),
    include_str!("page.js")
);

/// The page. It loads nothing, and its policy forbids that.
pub(crate) fn page(report: &Report, database: Option<&str>) -> String {
    let place = database.unwrap_or("no database");
    let mut page = String::new();
    let mut rest = SKELETON;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        rest = after;
        match name {
            "style" => page.extend([STYLE, PAGE_STYLE]),
            "script" => page.push_str(SCRIPT),
            "graph" => page.push_str(&image(&report.graph, "")),
            "place" => page.push_str(&escape(place)),
            "made" => page.push_str(&escape(&report.made_at)),
            "version" => page.push_str(report.migrator_version),
            _ => page.push_str(&data(report)),
        }
    }
    page.push_str(rest);
    page
}

/// The data as JSON that contains no `<`, and so cannot end its element.
fn data(report: &Report) -> String {
    let text = serde_json::to_string(report).unwrap_or_else(|_| "null".to_owned());
    text.replace('<', "\\u003c")
}
