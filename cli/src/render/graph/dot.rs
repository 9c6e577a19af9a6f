//! The graph in the language of Graphviz.

use std::fmt::Write as _;

use super::parts::{by_tier, detail, required};
use crate::view::Graph;

const HEAD: &str = r#"digraph services {
  rankdir=BT;
  node [shape=box, style="rounded,filled", fillcolor="white", fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=10];
"#;

pub(super) fn text(graph: &Graph) -> String {
    let mut text = HEAD.to_owned();
    let migrations = required(graph);
    for (index, (tier, services)) in by_tier(graph).enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{index} {{");
        let _ = writeln!(text, "    label={};", quoted(tier));
        for service in services {
            let name = quoted(&service.service);
            let lines = format!("{}\n{}", service.service, detail(service));
            let color = service.condition().map(|word| match word {
                "current" => "#dcf3e3",
                "pending" => "#fff0cc",
                _ => "#ffdedb",
            });
            let color = color.map(|color| format!(", fillcolor=\"{color}\""));
            let (label, color) = (quoted(&lines), color.unwrap_or_default());
            let _ = writeln!(text, "    {name} [label={label}{color}];");
            let own = migrations.keys();
            for id in own.filter(|id| id.service == service.service) {
                let label = quoted(&format!("{}\n{}", id.version, id.name));
                let id = quoted(&id.to_string());
                let _ = writeln!(text, "    {id} [label={label}, shape=note];");
                let _ = writeln!(text, "    {id} -> {name} [dir=none];");
            }
        }
        text.push_str("  }\n");
    }
    for one in &graph.dependencies {
        let (from, to) = (quoted(&one.service), quoted(&one.on));
        let _ = match one.label() {
            None => writeln!(text, "  {from} -> {to};"),
            Some(label) => writeln!(
                text,
                "  {from} -> {to} [style=dashed, label={}];",
                quoted(label)
            ),
        };
    }
    for one in &graph.requires {
        let from = quoted(&one.migration.to_string());
        let to = quoted(&one.requires.to_string());
        let _ = writeln!(text, "  {from} -> {to} [style=bold, label=\"requires\"];");
    }
    text.push_str("}\n");
    text
}

/// A string of Graphviz.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
