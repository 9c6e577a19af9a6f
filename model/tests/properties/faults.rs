//! A fault in a valid tree gives one finding with its code. No tree causes a panic.

use crate::generated::{Requires, Spec, specs, uid, version};
use migrator_model::{Code, Node, Tree, resolve};
use proptest::prelude::*;
use proptest::sample::{Index, select};

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

const FAULTS: &[Fault] = &[
    (Code::M0101, |site| site.remove("services.toml")),
    (Code::M0101, |site| site.remove("migrations")),
    (Code::M0102, |site| site.rename("120000_", "126000_")),
    (Code::M0102, |site| site.rename("120000_", "_")),
    (Code::M0102, |site| site.rename("120000_", "120000-")),
    (Code::M0103, |site| site.rename("_a", "_A")),
    (Code::M0103, |site| site.rename("_a", "_x")),
    (Code::M0103, |site| site.rename("_a", "_")),
    (Code::M0104, |site| {
        site.remove(&site.spec.down(site.migration))
    }),
    (Code::M0105, |site| {
        site.remove(&site.spec.up(site.migration))
    }),
    (Code::M0106, |site| {
        site.rename("create_table", "createTable")
    }),
    (Code::M0106, |site| {
        site.rename("create_table", "create table")
    }),
    (Code::M0107, |site| site.rename(".sql", ".SQL")),
    (Code::M0107, |site| site.rename(".sql", ".sq")),
    (Code::M0108, |site| {
        site.rename("create_table", "drop_table")
    }),
    (Code::M0108, |site| site.rename("120000_", "120001_")),
    (Code::M0108, |site| site.rename("_a", "_b")),
    (Code::M0109, |site| {
        let uid = uid(site.migration);
        site.add_pair(&format!("20250101000000_{uid}_again"))
    }),
    (Code::M0110, |site| {
        site.service = site.spec.migrations[site.migration].service;
        let version = version(site.migration);
        site.add_pair(&format!("{version}_b0000000_again"))
    }),
    (Code::M0111, |site| {
        site.put("notes.txt", Node::File(Vec::new()))
    }),
    (Code::M0111, |site| {
        site.put("migrations/x.sql", Node::File(Vec::new()))
    }),
    (Code::M0111, |site| {
        site.put_in_folder("notes.txt", Node::File(Vec::new()))
    }),
    (Code::M0111, |site| site.put_in_folder("old", Node::Folder)),
    (Code::M0112, |site| site.put("migrations/zz", Node::Folder)),
    (Code::M0113, |site| {
        site.remove(&site.spec.folder(site.service))
    }),
    (Code::M0114, |site| {
        site.put(&site.script.clone(), Node::DeadLink)
    }),
    (Code::M0114, |site| site.spoil_folder(Node::DeadLink)),
    (Code::M0118, |site| {
        site.put(&site.script.clone(), Node::OutsideLink)
    }),
    (Code::M0118, |site| site.spoil_folder(Node::OutsideLink)),
    (Code::M0115, |site| {
        site.put(&site.script.clone(), Node::Folder)
    }),
    (Code::M0115, |site| {
        site.spoil_folder(Node::File(Vec::new()))
    }),
    (Code::M0115, |site| site.put("services.toml", Node::Folder)),
    (Code::M0116, |site| {
        site.put(&site.script.clone(), unreadable())
    }),
    (Code::M0116, |site| site.spoil_folder(unreadable())),
    (Code::M0116, |site| site.put("", unreadable())),
    (Code::M0116, |site| {
        site.remove("migrations");
        site.put("migrations", unreadable())
    }),
    (Code::M0117, |site| {
        site.rename("create_table", "create_t\u{fffd}ble")?;
        site.put(&site.script.clone(), Node::MisnamedBytes)
    }),
    (Code::M0117, |site| {
        site.put("migrations/\u{fffd}", Node::MisnamedBytes)
    }),
    (Code::M0201, |site| site.append(b"-- \xe4\n")),
    (Code::M0202, |site| site.append(b"SELECT '\0';\n")),
    (Code::M0203, |site| {
        site.put(&site.script.clone(), Node::File(b"-- .\n".to_vec()))
    }),
    (Code::M0204, |site| {
        site.prepend("-- migrator: concurrently")
    }),
    (Code::M0205, |site| {
        site.prepend("-- migrator: lock-timeout 5")
    }),
    (Code::M0205, |site| site.prepend("-- migrator: requires")),
    (Code::M0206, |site| {
        site.append(b"-- migrator: no-transaction\n")
    }),
    (Code::M0206, |site| {
        site.prepend("/* migrator: no-transaction */")
    }),
    (Code::M0207, |site| site.append(b"SELECT 'x;\n")),
    (Code::M0207, |site| site.append(b"/* ;\n")),
    (Code::M0207, |site| site.append(b"SELECT \"x;\n")),
    (Code::M0301, |site| site.edit("tiers = [", "tiers = [[")),
    (Code::M0301, |site| site.edit_table("tier = ", "tier ")),
    (Code::M0302, |site| site.edit("tiers = ", "teirs = ")),
    (Code::M0302, |site| site.edit_table("services.", "service.")),
    (Code::M0302, |site| {
        site.edit_table("directory = ", "dir = \"x\"\ndirectory = ")
    }),
    (Code::M0302, |site| {
        site.edit_table("directory = ", "direktory = ")
    }),
    (Code::M0302, |site| site.edit_table("tier = \"", "# ")),
    (Code::M0302, |site| {
        site.edit_table("tier = \"", "tier = 1 # ")
    }),
    (Code::M0302, |site| site.edit_table("directory = \"", "# ")),
    (Code::M0302, |site| {
        site.edit_table("depends_on = [", "depends_on = 1 # [")
    }),
    (Code::M0303, |site| {
        site.edit("\"Foundation Services\", ", "\"\", ")
    }),
    (Code::M0303, |site| {
        site.edit("[\"Core Setup\"", "[\"Core Setup\", \"Core Setup\"")
    }),
    (Code::M0304, |site| {
        site.edit_table("tier = \"", "tier = \"The ")
    }),
    (Code::M0305, |site| {
        site.edit_table("depends_on = [", "depends_on = [\"zz\", ")
    }),
    (Code::M0306, |site| {
        site.edit("Core Services\"]", "Core Services\", \"Late\"]")?;
        let late = "[services.zz]\ntier = \"Late\"\ndirectory = \"zz\"\n\n[services.";
        site.put("migrations/zz", Node::Folder)?;
        site.edit("[services.", late)?;
        site.edit_table("depends_on = [", "depends_on = [\"zz\", ")
    }),
    (Code::M0307, |site| {
        let own = format!(
            "depends_on = [\"{}\", ",
            site.spec.services[site.service].name
        );
        site.edit_table("depends_on = [", &own)
    }),
    (Code::M0308, |site| {
        site.edit_table("services.", "services.X-")
    }),
    (Code::M0309, |site| {
        site.edit_table("directory = \"", "directory = \"../")
    }),
    (Code::M0309, |site| {
        let other = (site.service + 1) % site.spec.services.len();
        let [own, other] = [site.service, other].map(|i| site.spec.services[i].name);
        site.edit_table(&format!("\"{own}_service"), &format!("\"{other}_service"))
            .filter(|()| own != other)
    }),
    (Code::M0310, |site| site.require("zz/20240101000000")),
    (Code::M0310, |site| {
        let service = site.spec.services[site.service].name;
        site.require(&format!("{service}/20200101000000"))
    }),
    (Code::M0311, |site| {
        site.require(&site.spec.reference(site.migration))
    }),
    (Code::M0313, |site| {
        site.edit_table("[services.", "[lints]\nM0104 = \"warn\"\n\n[services.")
    }),
    (Code::M0313, |site| {
        site.edit_table("[services.", "[lints]\nM0216 = \"loud\"\n\n[services.")
    }),
    (Code::M0314, |site| {
        site.edit_table(
            "[services.",
            "[drift]\nleave_out = [\"a\", \" \"]\n\n[services.",
        )
    }),
    (Code::M0312, |site| {
        let last = site.spec.migrations.len() - 1;
        let waits = site.spec.migrations[last].requires.contains(&0);
        site.migration = 0;
        site.require(&site.spec.reference(last))?;
        site.migration = last;
        match waits {
            true => Some(()),
            false => site.require(&site.spec.reference(0)),
        }
        .filter(|()| last > 0)
    }),
];

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
