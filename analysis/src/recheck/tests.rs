//! Compares the check after an edit with the check of the whole tree.

use std::collections::BTreeMap;

use migrator_model::build_script::{Earlier, Further};
use migrator_model::{Resolved, Tree, resolve};
use proptest::prelude::*;

use super::facts::Facts;
use super::{after_edit, analyse, whole};

const MANIFEST: &str = "tiers = [\"One\"]\n\n[services.a]\ntier = \"One\"\ndirectory = \"a\"\n\n\
    [services.b]\ntier = \"One\"\ndirectory = \"b\"\ndepends_on = [\"a\"]\n";

/// The scripts of migrations, by number: up, then down.
type Scripts = BTreeMap<usize, [String; 2]>;

/// A migration that creates or changes something. `{n}` is its number, `{j}` that of another one.
const PAIRS: [[&str; 2]; 16] = [
    [
        "CREATE TABLE s.t{n} (id int PRIMARY KEY, name text NOT NULL, owner int REFERENCES s.t{j});\n",
        "DROP TABLE s.t{n};\n",
    ],
    [
        "CREATE TABLE s.t{n} (id int PRIMARY KEY, name varchar(10));\nCOMMENT ON TABLE s.t{n} IS 't{j}';\n",
        "DROP TABLE s.t{n};\n",
    ],
    [
        "ALTER TABLE s.t{j} ADD COLUMN c{n} text;\n",
        "ALTER TABLE s.t{j} DROP COLUMN c{n};\n",
    ],
    [
        "ALTER TABLE s.t{j} ALTER COLUMN name TYPE text;\n",
        "ALTER TABLE s.t{j} ALTER COLUMN name TYPE varchar(10);\n",
    ],
    [
        "CREATE VIEW s.v{n} AS SELECT id, name FROM s.t{j};\n",
        "DROP VIEW s.v{n};\n",
    ],
    ["CREATE TYPE s.e{n} AS ENUM ('a');\n", "DROP TYPE s.e{n};\n"],
    ["CREATE DOMAIN s.d{n} AS int;\n", "DROP DOMAIN s.d{n};\n"],
    [
        "ALTER TABLE s.t{j} ADD COLUMN x{n} s.d{j};\n",
        "ALTER TABLE s.t{j} DROP COLUMN x{n};\n",
    ],
    [
        "CREATE TABLE s.t{n} (LIKE s.t{j} INCLUDING ALL);\n",
        "DROP TABLE s.t{n};\n",
    ],
    [
        "CREATE TABLE s.t{n} (more int) INHERITS (s.t{j});\n",
        "DROP TABLE s.t{n};\n",
    ],
    [
        "CREATE FUNCTION s.f{n}() RETURNS bigint LANGUAGE sql AS $$SELECT count(*) FROM s.t{j}$$;\n",
        "DROP FUNCTION s.f{n};\n",
    ],
    [
        "ALTER TABLE s.t{j} RENAME TO t{n};\n",
        "ALTER TABLE s.t{n} RENAME TO t{j};\n",
    ],
    [
        "DO $$BEGIN CREATE TABLE s.t{n} (id int); END$$;\n",
        "DROP TABLE IF EXISTS s.t{n};\n",
    ],
    [
        "ALTER TABLE s.t{j} ADD CONSTRAINT k{n} CHECK (id > 0) NOT VALID;\n",
        "ALTER TABLE s.t{j} DROP CONSTRAINT k{n};\n",
    ],
    [
        "CREATE TABLE s.t{n} AS SELECT * FROM s.t{j};\n",
        "DROP TABLE s.t{n};\n",
    ],
    [
        "ALTER TABLE s.t{j} ALTER COLUMN name SET DEFAULT 'x';\n",
        "ALTER TABLE s.t{j} ALTER COLUMN name DROP DEFAULT;\n",
    ],
];

/// A statement that an edit adds to a script.
const STATEMENTS: [&str; 24] = [
    "DROP TABLE s.t{j};\n",
    "DROP TABLE s.t{j} CASCADE;\n",
    "CREATE TABLE s.t{j} (id int);\n",
    "CREATE TABLE IF NOT EXISTS s.t{j} (id int);\n",
    "ALTER TABLE s.t{j} DROP COLUMN name;\n",
    "ALTER TABLE s.t{j} ADD COLUMN name text;\n",
    "ALTER TABLE s.t{j} ADD COLUMN c{n} text;\n",
    "ALTER TABLE s.t{j} ALTER COLUMN name SET NOT NULL;\n",
    "ALTER TABLE s.t{j} ALTER COLUMN id TYPE bigint;\n",
    "ALTER DOMAIN s.d{j} SET NOT NULL;\n",
    "DROP DOMAIN s.d{j};\n",
    "ALTER TYPE s.e{j} ADD VALUE 'b';\n",
    "DROP VIEW s.v{j};\n",
    "CREATE INDEX i{n} ON s.t{j} (id);\n",
    "SET search_path = s;\n",
    "CREATE TABLE t{j} (id int);\n",
    "SELECT s.f{j}();\n",
    "INSERT INTO s.t{j} SELECT * FROM s.t{n};\n",
    "TRUNCATE s.t{j};\n",
    "CREATE SCHEMA r{n};\n",
    "COMMENT ON TABLE s.t{j} IS 'd{n} t{j} f{j}';\n",
    "ALTER TABLE s.t{j} RENAME COLUMN name TO title;\n",
    "ALTER TABLE s.t{j} ADD FOREIGN KEY (id) REFERENCES s.t{n};\n",
    "-- migrator: allow M0220 because it is a test\n",
];

fn filled(text: &str, own: usize, other: usize) -> String {
    text.replace("{n}", &own.to_string())
        .replace("{j}", &other.to_string())
}

fn tree(scripts: &Scripts) -> Resolved {
    let mut tree = Tree::new("database").with_file("services.toml", MANIFEST);
    for (number, [up, down]) in scripts {
        let service = if number % 5 == 4 { "b" } else { "a" };
        let (minute, second) = (number / 60, number % 60);
        let version = format!("2024010100{minute:02}{second:02}");
        let stem = format!("migrations/{service}/{version}_{number:08x}_m");
        tree = tree
            .with_file(&format!("{stem}.up.sql"), up.as_str())
            .with_file(&format!("{stem}.down.sql"), down.as_str());
    }
    for service in ["a", "b"] {
        let path = format!("migrations/{service}");
        tree.nodes.insert(path, migrator_model::Node::Folder);
    }
    resolve(&tree)
}

/// A tree without problems: each choice adds a pair, unless the pair has a problem.
fn clean(choices: &[(u8, u8)]) -> Scripts {
    let schema = ["CREATE SCHEMA s;\n", "DROP SCHEMA s;\n"].map(str::to_owned);
    let mut scripts = Scripts::from([(0, schema)]);
    for (number, (pair, other)) in (1..).zip(choices) {
        let other = usize::from(*other) % number;
        let pair = PAIRS[usize::from(*pair) % PAIRS.len()];
        scripts.insert(
            2 * number,
            pair.map(|text| filled(text, 2 * number, 2 * other)),
        );
        if whole(&tree(&scripts)).facts.is_none() {
            scripts.remove(&(2 * number));
        }
    }
    scripts
}

/// Changes a script, or adds a migration.
fn edit(scripts: &mut Scripts, [what, place, other, statement]: [u8; 4]) {
    let numbers: Vec<usize> = scripts.keys().copied().collect();
    let at = |choice: u8| numbers[usize::from(choice) % numbers.len()];
    let (own, other) = (at(place), at(other));
    let direction = usize::from(place) / 16 % 2;
    let added = STATEMENTS[usize::from(statement) % STATEMENTS.len()];
    let pair = PAIRS[usize::from(statement) % PAIRS.len()];
    let Some(mut edited) = scripts.get(&own).cloned() else {
        return;
    };
    let script = &mut edited[direction];
    match what % 10 {
        0 => script.push_str(&filled(added, own, other)),
        1 => script.insert_str(0, &filled(added, own, other)),
        2 => {
            let rest = script.split_once('\n').map(|(_, rest)| rest.to_owned());
            let rest = rest.filter(|rest| !rest.is_empty());
            *script = rest.unwrap_or("SELECT 1;\n".to_owned());
        }
        3 => edited = edited.map(|text| text.replace(&format!("t{own}"), &format!("t{other}"))),
        // The edited pair by itself has no problem, so that only others can have one.
        4 | 5 => {
            let [up, down] = pair.map(|text| filled(text, other, own));
            edited[0].push_str(&up);
            edited[1].insert_str(0, &down);
        }
        6 | 7 => edited = pair.map(|text| filled(text, own, other)),
        8 => edited = edited.map(|text| text.replace("name", "title").replace("int", "bigint")),
        _ => {
            scripts.insert(own + 1, pair.map(|text| filled(text, own + 1, other)));
        }
    }
    scripts.insert(own, edited);
}

fn earlier(resolved: &Resolved, further: Further) -> Earlier {
    Earlier {
        registry: resolved.registry.clone(),
        facts: further.facts,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_check_after_an_edit_finds_what_the_whole_check_finds(
        choices in prop::collection::vec(any::<(u8, u8)>(), 3..14),
        edits in prop::collection::vec(any::<[u8; 4]>(), 1..4),
    ) {
        let mut scripts = clean(&choices);
        let before = tree(&scripts);
        let facts = whole(&before).facts.unwrap();
        for one in edits {
            edit(&mut scripts, one);
        }
        let after = tree(&scripts);
        let expected = whole(&after);
        let facts = Facts::read(&facts).unwrap();
        let found = after_edit(&after, &before.registry, &facts, usize::MAX);
        if let Some(found) = found {
            prop_assert_eq!(&expected.problems, &[], "{:?}", scripts);
            prop_assert_eq!(Some(found), expected.facts, "{:?}", scripts);
        }
    }
}

fn large() -> Scripts {
    let choices: Vec<(u8, u8)> = (0..40).map(|_| (1, 0)).collect();
    clean(&choices)
}

#[test]
fn an_edit_of_one_table_needs_no_check_of_the_others() {
    let mut scripts = large();
    let before = tree(&scripts);
    let facts = whole(&before).facts.unwrap();
    scripts.get_mut(&20).unwrap()[0].push_str("ALTER TABLE s.t20 ADD COLUMN more int;\n");
    let facts = Facts::read(&facts).unwrap();
    let after = tree(&scripts);
    let found = after_edit(&after, &before.registry, &facts, 4);
    assert_eq!(found, whole(&after).facts);
    assert!(found.is_some());
}

#[test]
fn a_problem_far_from_the_edit_is_found() {
    let mut scripts = large();
    let before = tree(&scripts);
    let known = earlier(&before, whole(&before));
    scripts.get_mut(&2).unwrap()[0].push_str("CREATE TABLE s.t60 (id int);\n");
    scripts.get_mut(&2).unwrap()[1].insert_str(0, "DROP TABLE s.t60;\n");
    let after = tree(&scripts);
    let found = analyse(&after, &known);
    assert_eq!(found.problems, whole(&after).problems);
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert!(found.facts.is_none());
}

#[test]
fn facts_that_are_damaged_or_of_another_tree_are_not_used() {
    let mut scripts = large();
    let before = tree(&scripts);
    let facts = whole(&before).facts.unwrap();
    for length in 0..facts.len() {
        assert!(Facts::read(&facts[..length]).is_none(), "{length}");
    }
    let mut other_layout = facts.clone();
    other_layout[0] += 1;
    assert!(Facts::read(&other_layout).is_none());
    // The facts of a smaller tree would say nothing about the last table.
    let smaller: Scripts = scripts.clone().into_iter().take(20).collect();
    let known = Earlier {
        registry: before.registry.clone(),
        facts: whole(&tree(&smaller)).facts,
    };
    scripts.get_mut(&2).unwrap()[0].push_str("CREATE TABLE s.t60 (id int);\n");
    let after = tree(&scripts);
    assert_eq!(analyse(&after, &known).problems, whole(&after).problems);
}
