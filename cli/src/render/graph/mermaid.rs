//! The graph as a Mermaid flowchart.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::parts::{by_tier, detail, required};
use crate::view::Graph;

/// The colours of the states, readable on a light and on a dark page.
const CLASSES: [(&str, &str); 3] = [
    ("current", "fill:#dcf3e3,stroke:#1f7a3d,color:#10331c"),
    ("pending", "fill:#fff0cc,stroke:#9a6700,color:#3d2900"),
    ("problem", "fill:#ffdedb,stroke:#b3261e,color:#410e0b"),
];

pub(super) fn text(graph: &Graph) -> String {
    let mut text = "flowchart BT\n".to_owned();
    let numbers: BTreeMap<&str, usize> = graph
        .services
        .iter()
        .enumerate()
        .map(|(number, service)| (service.service.as_str(), number))
        .collect();
    let migrations = required(graph);
    for (index, (tier, services)) in by_tier(graph).enumerate() {
        let _ = writeln!(text, "  subgraph t{index}[\"{}\"]", label(tier));
        for service in services {
            let number = numbers.get(service.service.as_str()).copied();
            let number = number.unwrap_or_default();
            let name = label(&service.service);
            let detail = label(&detail(service));
            let class = service.condition().map(|word| format!(":::{word}"));
            let class = class.unwrap_or_default();
            let _ = writeln!(text, "    s{number}[\"{name}<br/>{detail}\"]{class}");
            let own = migrations.iter();
            for (id, migration) in own.filter(|(id, _)| id.service == service.service) {
                let id = label(&format!("{} {}", id.version, id.name));
                let _ = writeln!(text, "    m{migration}([\"{id}\"]) --- s{number}");
            }
        }
        text.push_str("  end\n");
    }
    for one in &graph.dependencies {
        let place = |name: &str| numbers.get(name).copied().unwrap_or_default();
        let (from, to) = (place(&one.service), place(&one.on));
        let _ = match one.label() {
            None => writeln!(text, "  s{from} --> s{to}"),
            Some(label) => writeln!(text, "  s{from} -. \"{label}\" .-> s{to}"),
        };
    }
    for one in &graph.requires {
        let place = |id| migrations.get(id).copied().unwrap_or_default();
        let (from, to) = (place(&one.migration), place(&one.requires));
        let _ = writeln!(text, "  m{from} == requires ==> m{to}");
    }
    let is_used = |word: &str| {
        graph
            .services
            .iter()
            .any(|one| one.condition() == Some(word))
    };
    for (class, style) in CLASSES.iter().filter(|(class, _)| is_used(class)) {
        let _ = writeln!(text, "  classDef {class} {style}");
    }
    text
}

/// A text within double quotes. Mermaid reads `#name;` and `#number;` there.
fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | ';' | '\\' => {
                let _ = write!(label, "#{};", u32::from(c));
            }
            c if c.is_control() => label.push(' '),
            c => label.push(c),
        }
    }
    label
}
