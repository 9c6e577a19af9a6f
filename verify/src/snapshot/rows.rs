//! Reads the rows of the queries: objects with their properties.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio_postgres::{SimpleColumn, SimpleQueryMessage, SimpleQueryRow};

use super::catalog::{Address, Catalog};
use super::content::{Entry, Properties, Snapshot};
use super::effects::may_grant_when_called;
use super::layered::Layered;
use super::mark::Mark;
use super::object::{Kind, Object};

/// The columns of a row that are not properties.
const HEAD: [&str; 9] = [
    "kind",
    "name",
    "schema",
    "parent kind",
    "parent",
    "class",
    "oid",
    "sub",
    "unit",
];

/// The column with the names of options that are not compared.
const UNKNOWN_OPTIONS: &str = "unknown options";

/// The objects of the rows.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) objects: BTreeMap<Arc<Object>, Entry>,
    pub(super) places: BTreeMap<Address, Arc<Object>>,
    pub(super) unknown_options: BTreeSet<String>,
    pub(super) may_grant: bool,
    pub(super) mark: Option<Mark>,
}

/// Collects the objects of the rows.
struct Reader {
    kinds: HashMap<&'static str, Kind>,
    /// The columns of the current query that are properties.
    properties: Vec<usize>,
    rows: Rows,
    /// Parts of objects that are no objects here: the address, the name, and the address of the
    /// object.
    aliases: HashMap<Address, (String, Address)>,
}

/// Reads the messages in their order.
pub(super) fn read(messages: &[SimpleQueryMessage]) -> Rows {
    let mut reader = Reader {
        kinds: Kind::ALL
            .iter()
            .map(|kind| (kind.as_str(), *kind))
            .collect(),
        properties: Vec::new(),
        rows: Rows::default(),
        aliases: HashMap::new(),
    };
    for message in messages {
        if let SimpleQueryMessage::RowDescription(columns) = message {
            reader.properties = properties(columns);
        } else if let SimpleQueryMessage::Row(row) = message {
            // The name of the first column tells an object, an alias, a facet and a mark apart.
            let _ = match row.columns().first().map(SimpleColumn::name) {
                Some("kind") => reader.object(row),
                Some("alias") => reader.alias(row),
                Some("property") => reader.facet(row),
                Some("newest") => {
                    reader.rows.mark = Mark::read(row);
                    None
                }
                _ => None,
            };
        }
    }
    reader.rows
}

impl From<Rows> for Snapshot {
    fn from(rows: Rows) -> Snapshot {
        let mut units: BTreeMap<Address, Vec<Arc<Object>>> = BTreeMap::new();
        for (object, entry) in &rows.objects {
            if let Some(unit) = entry.unit {
                units.entry(unit).or_default().push(Arc::clone(object));
            }
        }
        let units = units
            .into_iter()
            .map(|(unit, objects)| (unit, objects.into()));
        let units: BTreeMap<Address, Arc<[Arc<Object>]>> = units.collect();
        let objects = rows.objects.into_iter();
        let objects = objects.map(|(object, entry)| (object, Arc::new(entry)));
        let objects: BTreeMap<Arc<Object>, Arc<Entry>> = objects.collect();
        Snapshot {
            objects: Layered::from(objects),
            places: Layered::from(rows.places),
            units: Layered::from(units),
            unknown_options: rows.unknown_options,
            may_grant: rows.may_grant,
            mark: rows.mark,
        }
    }
}

impl Reader {
    fn object(&mut self, row: &SimpleQueryRow) -> Option<()> {
        let object = Object {
            kind: *self.kinds.get(row.get("kind")?)?,
            name: row.get("name")?.to_owned(),
            schema: optional(row, "schema"),
            parent: self.parent(row).map(Box::new),
        };
        for name in optional(row, UNKNOWN_OPTIONS)
            .iter()
            .flat_map(|names| names.split(", "))
        {
            if !name.is_empty() {
                let unknown = format!("`{name}` of {}", plural(object.kind));
                self.rows.unknown_options.insert(unknown);
            }
        }
        let properties = self.properties.iter().filter_map(|&i| {
            let value = row.get(i).filter(|value| !value.is_empty())?;
            Some((row.columns().get(i)?.name().to_owned(), value.to_owned()))
        });
        let properties = properties.collect();
        let address = address(row, ["class", "oid", "sub"]);
        let unit = address.and_then(|address| unit(row, address));
        let object = Arc::new(object);
        if let Some(address) = address {
            self.rows.places.insert(address, Arc::clone(&object));
        }
        self.rows.may_grant |= may_grant_when_called(object.kind, &object.name, &properties);
        let entry = Entry {
            properties,
            address,
            unit,
        };
        self.rows.objects.insert(object, entry);
        Some(())
    }

    fn parent(&self, row: &SimpleQueryRow) -> Option<Object> {
        let kind = optional(row, "parent kind")?;
        Some(Object {
            kind: *self.kinds.get(kind.as_str())?,
            name: optional(row, "parent")?,
            schema: optional(row, "schema"),
            parent: None,
        })
    }

    fn alias(&mut self, row: &SimpleQueryRow) -> Option<()> {
        let alias = address(row, ["class", "oid", "sub"])?;
        let of = address(row, ["of class", "of oid", "of sub"])?;
        self.aliases
            .insert(alias, (row.get("alias")?.to_owned(), of));
        Some(())
    }

    fn facet(&mut self, row: &SimpleQueryRow) -> Option<()> {
        let mut address = address(row, ["class", "oid", "sub"])?;
        let mut property = row.get("property")?.to_owned();
        if let Some((alias, of)) = self.aliases.get(&address) {
            property = format!("{property} of the {alias}");
            address = *of;
        }
        let object = match self.rows.places.get(&address) {
            Some(object) => Arc::clone(object),
            None => Arc::new(Object {
                kind: Kind::Privileges,
                name: format!("on {}", optional(row, "described")?),
                schema: None,
                parent: None,
            }),
        };
        let value = row.get("value")?.to_owned();
        let entry = self.rows.objects.entry(object).or_insert_with(|| Entry {
            properties: Properties::new(),
            address: None,
            unit: None,
        });
        entry.properties.insert(property, value);
        Some(())
    }
}

/// The row with which an object is read: its own, or that of the table or domain that it is a part
/// of.
fn unit(row: &SimpleQueryRow, address: Address) -> Option<Address> {
    let Some(whole) = optional(row, "unit") else {
        return Some(Address { sub: 0, ..address });
    };
    let catalog = match optional(row, "parent kind").as_deref() {
        Some("domain") => Catalog::Type,
        _ => Catalog::Class,
    };
    Some(Address::of(catalog, whole.parse().ok()?))
}

fn properties(columns: &[SimpleColumn]) -> Vec<usize> {
    let is_property = |(_, column): &(usize, &SimpleColumn)| {
        !HEAD.contains(&column.name()) && column.name() != UNKNOWN_OPTIONS
    };
    let properties = columns.iter().enumerate().filter(is_property);
    properties.map(|(i, _)| i).collect()
}

fn plural(kind: Kind) -> String {
    match [Kind::Index, Kind::Constraint].contains(&kind) {
        true => "indexes".to_owned(),
        false => format!("{kind}s"),
    }
}

/// The text in a column, if the query has it and it is set.
fn optional(row: &SimpleQueryRow, column: &str) -> Option<String> {
    Some(row.try_get(column).ok()??.to_owned())
}

fn address(row: &SimpleQueryRow, [class, oid, sub]: [&str; 3]) -> Option<Address> {
    let number = optional(row, sub).and_then(|sub| sub.parse().ok());
    Some(Address {
        catalog: Catalog::named(row.try_get(class).ok()??)?,
        oid: optional(row, oid)?.parse().ok()?,
        sub: number.unwrap_or(0),
    })
}
