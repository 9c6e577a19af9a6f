//! The trees that the command runs. Every script writes a line to a log.
//!
//! The log has no unique key, so that it shows a script that ran twice. In each service the second
//! migration takes an advisory lock. Nobody holds that lock, unless a fault makes the migration
//! wait for it ([`gate`]).

use std::fmt;
use std::str::FromStr;

use migrator_model::{Registry, Tree, resolve};

/// The variable that turns the program into the command; its value is a [`Shape`].
pub const VARIABLE: &str = "CHAOS_TREE";

/// Creates the tables that the scripts write to, which no migration owns.
pub(super) const LOG: &str = "CREATE TABLE public.log (id bigserial, service text NOT NULL, \
     version bigint NOT NULL, direction text NOT NULL);";

/// The size and form of a tree. `s1` and `s2` depend on `s0`, `s3` on `s1`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The number of services.
    pub services: usize,
    /// The number of migrations of each service.
    pub each: usize,
    /// Whether some migrations run outside a transaction.
    pub indexes: Indexes,
}

/// Whether a tree creates indexes outside a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexes {
    /// Every script is a transaction.
    None,
    /// Every fourth migration creates two indexes with CONCURRENTLY.
    Concurrent,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indexes = match self.indexes {
            Indexes::None => "none",
            Indexes::Concurrent => "concurrent",
        };
        write!(f, "{},{},{indexes}", self.services, self.each)
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Shape, String> {
        let parts: Vec<&str> = text.split(',').collect();
        let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
        match parts[..] {
            [services, each, indexes] => Ok(Shape {
                services: number(services)?,
                each: number(each)?,
                indexes: match indexes {
                    "none" => Indexes::None,
                    "concurrent" => Indexes::Concurrent,
                    other => return Err(format!("`{other}` is neither none nor concurrent")),
                },
            }),
            _ => Err(format!("`{text}` is not SERVICES,EACH,INDEXES")),
        }
    }
}

/// The registry of a tree, which is never freed.
///
/// # Errors
///
/// Returns the findings of the tree, if there are any.
pub fn registry(shape: Shape) -> Result<&'static Registry, String> {
    let resolved = resolve(&tree(shape));
    match resolved.problems.first() {
        Some(problem) => Err(format!("{problem:?}")),
        None => Ok(Box::leak(Box::new(resolved.registry))),
    }
}

/// The key of the advisory lock that the second migration of a service takes.
pub(super) fn gate(service: usize) -> usize {
    7_700 + service
}

/// The version of a service's migration.
pub(super) fn version(service: usize, number: usize) -> i64 {
    let (minute, second) = (number / 60, number % 60);
    let stamp = format!("20240101{service:02}{minute:02}{second:02}");
    stamp.parse().unwrap_or_default()
}

/// Whether a migration creates indexes on the table of the previous migration.
pub(super) fn is_index(shape: Shape, number: usize) -> bool {
    shape.indexes == Indexes::Concurrent && number % 4 == 3
}

fn tree(shape: Shape) -> Tree {
    let mut tree = Tree::new("database").with_file("services.toml", manifest(shape.services));
    for service in 0..shape.services {
        for number in 0..shape.each {
            let stem = format!(
                "migrations/s{service}/{}_{:08x}_m{number}",
                version(service, number),
                service * 10_000 + number
            );
            let (up, down) = match is_index(shape, number) {
                true => indexes(service, number - 1),
                false => tables(service, number, shape),
            };
            tree = tree
                .with_file(&format!("{stem}.up.sql"), up)
                .with_file(&format!("{stem}.down.sql"), down);
        }
    }
    tree
}

fn manifest(services: usize) -> String {
    let table = |service: usize| {
        let needs = match service {
            0 => String::new(),
            _ => format!("\"s{}\"", (service - 1) / 2),
        };
        format!(
            "\n[services.s{service}]\ntier = \"Only\"\ndirectory = \"s{service}\"\n\
             depends_on = [{needs}]\n"
        )
    };
    let tables: Vec<String> = (0..services).map(table).collect();
    format!("tiers = [\"Only\"]\n{}", tables.concat())
}

fn tables(service: usize, number: usize, shape: Shape) -> (String, String) {
    let version = version(service, number);
    let logged = |direction: &str| {
        format!(
            "INSERT INTO public.log (service, version, direction) \
             VALUES ('s{service}', {version}, '{direction}');\n"
        )
    };
    // So that the steps of the third service do not all follow each other.
    let requires = match (service, number) {
        (2, 1) if shape.services > 3 => {
            format!("-- migrator: requires s3/{}\n", self::version(3, 0))
        }
        _ => String::new(),
    };
    let gate = match number == 1 {
        true => format!(
            "SELECT pg_catalog.pg_advisory_xact_lock_shared({});\n",
            gate(service)
        ),
        false => String::new(),
    };
    let (first_up, first_down) = match number {
        0 => (
            format!("CREATE SCHEMA s{service};\n"),
            format!("DROP SCHEMA s{service};\n"),
        ),
        _ => Default::default(),
    };
    let (column, no_column) = match number {
        0 => Default::default(),
        _ => (
            format!("ALTER TABLE s{service}.t0 ADD COLUMN c{number} text;\n"),
            format!("ALTER TABLE s{service}.t0 DROP COLUMN c{number};\n"),
        ),
    };
    let table = format!("s{service}.t{number}");
    let up = format!(
        "{requires}{first_up}{gate}{}CREATE TABLE {table} (id bigint PRIMARY KEY, name text NOT NULL);\n\
         INSERT INTO {table} SELECT g, 'name ' || g FROM generate_series(1, 20) g;\n{column}",
        logged("up")
    );
    let down = format!(
        "{gate}{}{no_column}DROP TABLE {table};\n{first_down}",
        logged("down")
    );
    (up, down)
}

fn indexes(service: usize, table: usize) -> (String, String) {
    let up = format!(
        "-- migrator: no-transaction\n\
         CREATE INDEX CONCURRENTLY t{table}_name_idx ON s{service}.t{table} (name);\n\
         CREATE INDEX CONCURRENTLY t{table}_both_idx ON s{service}.t{table} (name, id);\n"
    );
    let down = format!(
        "-- migrator: no-transaction\n\
         DROP INDEX CONCURRENTLY s{service}.t{table}_name_idx;\n\
         DROP INDEX CONCURRENTLY s{service}.t{table}_both_idx;\n"
    );
    (up, down)
}

#[cfg(test)]
mod tests {
    use super::{Indexes, Shape, registry};

    #[test]
    fn a_shape_is_parsed_from_its_display() {
        let shape = Shape {
            services: 4,
            each: 9,
            indexes: Indexes::Concurrent,
        };
        assert_eq!(shape.to_string().parse(), Ok(shape));
        assert_eq!(
            "4,9".parse::<Shape>(),
            Err("`4,9` is not SERVICES,EACH,INDEXES".to_owned())
        );
    }

    #[test]
    fn a_tree_has_no_findings() {
        let shape = Shape {
            services: 4,
            each: 9,
            indexes: Indexes::Concurrent,
        };
        assert_eq!(registry(shape).unwrap().len(), 36);
    }
}
