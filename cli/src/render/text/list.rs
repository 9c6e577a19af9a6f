//! `list`: a table of the services by tier, or a list of the migrations.

use super::table::{Side, Table, wrapped};
use crate::line::{Line, Tone};
use crate::view::{List, ListedMigration, ListedService};

pub(super) fn lines(view: &List, terminal: Option<usize>) -> Vec<Line> {
    if view.lists_migrations {
        let migrations = view.services.iter().flat_map(|one| &one.migrations);
        return migrations.map(|one| migration(one, terminal)).collect();
    }
    let mut table = Table::new(&[
        ("service", Side::Left),
        ("migrations", Side::Right),
        ("newest", Side::Left),
        ("depends on", Side::Left),
    ]);
    for service in &view.services {
        table.add(row(service));
    }
    let mut rows = table.lines().into_iter();
    let mut lines: Vec<Line> = rows.next().map(Line::result).into_iter().collect();
    let mut tier = None;
    for (service, row) in view.services.iter().zip(rows) {
        if tier != Some(&service.tier) {
            lines.push(Line::worded(Tone::Head, &service.tier, ""));
            tier = Some(&service.tier);
        }
        lines.push(Line::result(wrapped(&row, terminal, 4)));
    }
    lines
}

fn row(service: &ListedService) -> [String; 4] {
    let newest = service.migrations.last();
    let newest = newest.map(|one| format!("{}_{}", one.id.version, one.id.history_name()));
    [
        format!("  {}", service.service),
        service.migrations.len().to_string(),
        newest.unwrap_or_default(),
        service.depends_on.join(", "),
    ]
}

fn migration(migration: &ListedMigration, terminal: Option<usize>) -> Line {
    let requires = migration
        .requires
        .iter()
        .map(|id| format!("  requires {id}"));
    let irreversible = migration.irreversible.iter();
    let irreversible = irreversible.map(|reason| format!("  irreversible: {reason}"));
    let about: String = requires.chain(irreversible).collect();
    Line::result(wrapped(&format!("{}{about}", migration.id), terminal, 4))
}
