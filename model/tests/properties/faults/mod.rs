//! A fault in a valid tree gives one finding with its code. No tree causes a panic.

mod table;

use crate::generated::{Requires, Spec, specs};
use migrator_model::{Code, Node, Tree, resolve};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use self::table::FAULTS;

/// A valid tree, and the place for a fault.
struct Site<'a> {
    spec: &'a Spec,
    tree: Tree,
    migration: usize,
    service: usize,
    /// The script of the migration that gets the fault.
    script: String,
}

/// A fault: its code, and a function that makes it. The function returns `None` if the fault
/// does not fit into the tree.
type Fault = (Code, fn(&mut Site<'_>) -> Option<()>);

fn unreadable() -> Node {
    Node::Unreadable("Permission denied".to_owned())
}

impl Site<'_> {
    fn remove(&mut self, path: &str) -> Option<()> {
        let below = format!("{path}/");
        let before = self.tree.nodes.len();
        let nodes = &mut self.tree.nodes;
        nodes.retain(|other, _| other != path && !other.starts_with(&below));
        (nodes.len() < before).then_some(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "a fault is a chain of such calls")]
    fn put(&mut self, path: &str, node: Node) -> Option<()> {
        self.tree.nodes.insert(path.to_owned(), node);
        Some(())
    }

    fn put_in_folder(&mut self, name: &str, node: Node) -> Option<()> {
        let folder = self.spec.folder(self.service);
        self.put(&format!("{folder}/{name}"), node)
    }

    fn spoil_folder(&mut self, node: Node) -> Option<()> {
        let folder = self.spec.folder(self.service);
        self.remove(&folder)?;
        self.put(&folder, node)
    }

    fn add_pair(&mut self, stem: &str) -> Option<()> {
        for ending in ["up", "down"] {
            let node = Node::File(b"SELECT 1;".to_vec());
            self.put_in_folder(&format!("{stem}.{ending}.sql"), node)?;
        }
        Some(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Option<()> {
        let node = self.tree.nodes.remove(&self.script)?;
        let (folder, file) = self.script.rsplit_once('/')?;
        self.script = format!("{folder}/{}", file.replacen(from, to, 1));
        self.put(&self.script.clone(), node)
    }

    fn text(&mut self, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> Option<()> {
        match self.tree.nodes.get_mut(path)? {
            Node::File(bytes) => change(bytes),
            Node::Folder
            | Node::DeadLink
            | Node::OutsideLink
            | Node::Unreadable(_)
            | Node::MisnamedBytes => {}
        }
        Some(())
    }

    fn append(&mut self, bytes: &[u8]) -> Option<()> {
        self.text(&self.script.clone(), |text| text.extend(bytes))
    }

    fn prepend(&mut self, line: &str) -> Option<()> {
        let line = format!("{line}\n");
        self.text(&self.script.clone(), |text| {
            drop(text.splice(0..0, line.bytes()));
        })
    }

    fn require(&mut self, reference: &str) -> Option<()> {
        self.script = self.spec.up(self.migration);
        self.prepend(&format!("-- migrator: requires {reference}"))
    }

    /// Replaces the first occurrence of a text in the manifest.
    fn edit(&mut self, from: &str, to: &str) -> Option<()> {
        self.text("services.toml", |text| {
            let manifest = String::from_utf8_lossy(text);
            *text = manifest.replacen(from, to, 1).into_bytes();
        })
    }

    fn edit_table(&mut self, from: &str, to: &str) -> Option<()> {
        let table = self.spec.table(self.service);
        let edited = table.replacen(from, to, 1);
        self.edit(&table, &edited)
    }
}

/// Names for paths in a tree: valid names and many invalid ones.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "migrations",
            "services.toml",
            "tenant",
            "20240101120000_a1b2c3d4_a.up.sql",
            "20240101120000_a1b2c3d4_a.down.sql",
            "20240101120001_a1b2c3d4_b.up.sql",
        ])
        .prop_map(str::to_owned),
        "[0-9]{13,15}_[0-9a-g]{7,9}_[a-z_]{0,3}\\.(up|down|Up)\\.sql",
        any::<String>(),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        select(vec![
            "tiers = [\"A\", \"\"]\n",
            "tiers = 1\n",
            "[services.tenant]\n",
            "tier = \"A\"\n",
            "directory = \"tenant\"\n",
            "depends_on = [\"tenant\", 3]\n",
            "[services.\"\\n\"]\n",
            "-- migrator: requires tenant/20240101120000\n",
            "-- migrator: ",
            "/* migrator:",
            "SELECT 1;\n",
            "'",
            "$a$",
            "\0",
            "\u{feff}",
            "\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn nodes() -> impl Strategy<Value = Node> {
    prop_oneof![
        6 => bytes().prop_map(Node::File),
        2 => Just(Node::Folder),
        1 => Just(Node::DeadLink),
        1 => Just(unreadable()),
        1 => Just(Node::MisnamedBytes),
    ]
}

/// Trees with any faults, even those that are impossible on a disk.
fn wild_trees() -> impl Strategy<Value = Tree> {
    let path = prop::collection::vec(names(), 0..4).prop_map(|names| names.join("/"));
    let place = prop_oneof![
        path,
        names().prop_map(|name| format!("migrations/tenant/{name}")),
    ];
    let node = (place, nodes());
    (bytes(), prop::collection::vec(node, 0..12)).prop_map(|(manifest, nodes)| {
        let mut tree = Tree::new("database")
            .with_file("services.toml", manifest)
            .with_file("migrations/tenant/.", "");
        tree.nodes.extend(nodes);
        tree
    })
}

#[test]
fn every_code_of_the_tree_is_among_the_faults() {
    // `migrator-analysis` finds the faults in the SQL.
    let of_the_sql = |code: &Code| {
        let code = code.as_str();
        ("M0208".."M03").contains(&code) || ("M0320".."M04").contains(&code)
    };
    let of_the_tree = Code::ALL
        .iter()
        .filter(|code| code.as_str() < "M04" && !of_the_sql(code));
    let missing: Vec<&Code> = of_the_tree
        .filter(|code| FAULTS.iter().all(|(other, _)| other != *code))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_fault_is_found_once_and_under_its_code(
        spec in specs(Requires::Some),
        (code, fault) in select(FAULTS),
        (migration, service, half) in any::<(Index, Index, bool)>(),
    ) {
        let migration = migration.index(spec.migrations.len());
        let mut site = Site {
            spec: &spec,
            tree: spec.tree(),
            migration,
            service: service.index(spec.services.len()),
            script: if half { spec.up(migration) } else { spec.down(migration) },
        };
        if fault(&mut site).is_some() {
            let found = resolve(&site.tree).problems;
            let codes: Vec<Code> = found.iter().map(|problem| problem.code).collect();
            prop_assert_eq!(codes, [code], "{:#?}", found);
        }
    }

    #[test]
    fn whatever_a_tree_holds_each_finding_is_one_line(tree in wild_trees()) {
        for problem in resolve(&tree).problems {
            prop_assert!(!problem.to_string().contains(char::is_control));
            prop_assert!(problem.path().is_some_and(|path| path.starts_with("database")));
        }
    }
}
