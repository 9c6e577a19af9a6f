//! Shared by the programs: trees of any size, and the chaos suite in [`chaos`].

pub mod chaos;
pub mod process;
pub mod proxy;
pub mod seed;

use migrator_model::Tree;

/// The number of services in a tree.
const SERVICES: usize = 10;

/// A tree of `size` migrations in ten services that depend on each other. Each migration creates
/// a table with a foreign key, an index, a function and a comment.
#[must_use]
pub fn tree(migrations: usize) -> Tree {
    let mut tree = Tree::new("database").with_file("services.toml", manifest());
    for number in 0..migrations {
        let service = number % SERVICES;
        let stem = stem(service, number);
        let table = format!("s{service}.t{number}");
        tree = tree
            .with_file(&format!("{stem}.up.sql"), up(service, number, &table))
            .with_file(&format!("{stem}.down.sql"), down(&table, service, number));
    }
    tree
}

/// The same tree with a fault in every second down script. The faults alternate: the script
/// fails, leaves an object of the up script, drops too much, or leaves rows that break the up
/// script.
#[must_use]
pub fn faulty_tree(migrations: usize) -> Tree {
    let mut tree = tree(migrations);
    for number in (1..migrations).step_by(2) {
        let service = number % SERVICES;
        let (stem, table) = (stem(service, number), format!("s{service}.t{number}"));
        let (up, down) = (up(service, number, &table), down(&table, service, number));
        let fault = match number / 2 % 4 {
            0 => [up, format!("{down}SELECT nothing;\n")],
            1 => [up, "SELECT 1;\n".to_owned()],
            2 => [up, format!("{down}DROP SCHEMA s{service} CASCADE;\n")],
            _ => [
                format!(
                    "{up}INSERT INTO s0.t0 (id, name) OVERRIDING SYSTEM VALUE VALUES ({number}, 'x');\n"
                ),
                down,
            ],
        };
        let [up, down] = fault;
        tree = tree
            .with_file(&format!("{stem}.up.sql"), up)
            .with_file(&format!("{stem}.down.sql"), down);
    }
    tree
}

fn manifest() -> String {
    let table = |service: usize| {
        let others: Vec<String> = (0..service).map(|other| format!("\"s{other}\"")).collect();
        format!(
            "\n[services.s{service}]\ntier = \"Only\"\ndirectory = \"s{service}\"\n\
             depends_on = [{}]\n",
            others.join(", ")
        )
    };
    let tables: Vec<String> = (0..SERVICES).map(table).collect();
    format!("tiers = [\"Only\"]\n{}", tables.concat())
}

/// A version for each second.
fn stem(service: usize, number: usize) -> String {
    let (hour, minute, second) = (number / 3600, number / 60 % 60, number % 60);
    format!(
        "migrations/s{service}/20240101{hour:02}{minute:02}{second:02}_{number:08x}_create_t{number}"
    )
}

fn up(service: usize, number: usize, table: &str) -> String {
    let schema = match number < SERVICES {
        true => format!("CREATE SCHEMA s{service};\n"),
        false => String::new(),
    };
    let owner = match number.checked_sub(SERVICES) {
        Some(earlier) => format!("REFERENCES s{service}.t{earlier} (id)"),
        None => String::new(),
    };
    format!(
        "-- Makes a table.\n{schema}\
         CREATE TABLE {table} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    \
         owner_id bigint {owner},\n    name text NOT NULL CHECK (name <> ''),\n    \
         made_at timestamptz NOT NULL DEFAULT now()\n);\n\
         CREATE INDEX t{number}_owner_id_idx ON {table} (owner_id);\n\
         CREATE FUNCTION s{service}.f{number}(wanted text) RETURNS bigint LANGUAGE sql STABLE AS $$\n    \
         SELECT count(*) FROM {table} WHERE name = wanted\n$$;\n\
         COMMENT ON TABLE {table} IS 'One of many';\n"
    )
}

fn down(table: &str, service: usize, number: usize) -> String {
    let schema = match number < SERVICES {
        true => format!("DROP SCHEMA s{service};\n"),
        false => String::new(),
    };
    format!("DROP FUNCTION s{service}.f{number}(text);\nDROP TABLE {table};\n{schema}")
}
