//! Reads the rows of the queries into a snapshot.

use std::collections::HashMap;

use tokio_postgres::{SimpleColumn, SimpleQueryMessage, SimpleQueryRow};

use super::content::{Properties, Snapshot};
use super::object::{Kind, Object};

/// The address of an object: the catalog's name, an oid, and a column's number or 0.
type Address = (String, u32, i32);

/// The columns of a row that are not properties.
const HEAD: [&str; 8] = [
    "kind",
    "name",
    "schema",
    "parent kind",
    "parent",
    "class",
    "oid",
    "sub",
];

/// The column with the names of options that are not compared.
const UNKNOWN_OPTIONS: &str = "unknown options";

/// Collects the objects of the rows.
struct Reader {
    kinds: HashMap<&'static str, Kind>,
    /// The columns of the current query that are properties.
    properties: Vec<usize>,
    snapshot: Snapshot,
    places: HashMap<Address, Object>,
    /// Parts of objects that are no objects here: the address, the name, and the address of the
    /// object.
    aliases: HashMap<Address, (String, Address)>,
}

/// Reads the messages in their order.
pub(super) fn read(messages: &[SimpleQueryMessage]) -> Snapshot {
    let mut reader = Reader {
        kinds: Kind::ALL
            .iter()
            .map(|kind| (kind.as_str(), *kind))
            .collect(),
        properties: Vec::new(),
        snapshot: Snapshot::default(),
        places: HashMap::new(),
        aliases: HashMap::new(),
    };
    for message in messages {
        if let SimpleQueryMessage::RowDescription(columns) = message {
            reader.properties = properties(columns);
        } else if let SimpleQueryMessage::Row(row) = message {
            // The name of the first column tells an object, an alias and a facet apart.
            let _ = match row.columns().first().map(SimpleColumn::name) {
                Some("kind") => reader.object(row),
                Some("alias") => reader.alias(row),
                Some("property") => reader.facet(row),
                _ => None,
            };
        }
    }
    reader.snapshot
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
                self.snapshot.unknown_options.insert(unknown);
            }
        }
        let properties = self.properties.iter().filter_map(|&i| {
            let value = row.get(i).filter(|value| !value.is_empty())?;
            Some((row.columns().get(i)?.name().to_owned(), value.to_owned()))
        });
        let properties = properties.collect();
        if let Some(address) = address(row, ["class", "oid", "sub"]) {
            if address.0 == "pg_class" && address.2 == 0 {
                self.snapshot.relations.insert(address.1, object.clone());
            }
            self.places.insert(address, object.clone());
        }
        self.snapshot.objects.insert(object, properties);
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
            address = of.clone();
        }
        let object = match self.places.get(&address) {
            Some(object) => object.clone(),
            None => Object {
                kind: Kind::Privileges,
                name: format!("on {}", optional(row, "described")?),
                schema: None,
                parent: None,
            },
        };
        let value = row.get("value")?.to_owned();
        let properties: &mut Properties = self.snapshot.objects.entry(object).or_default();
        properties.insert(property, value);
        Some(())
    }
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
    Some((
        optional(row, class)?,
        optional(row, oid)?.parse().ok()?,
        number.unwrap_or(0),
    ))
}
