//! Generates valid trees.

use proptest::prelude::*;
use proptest::sample::Index;

use migrator_model::{Node, Tree};

const TIERS: [&str; 3] = ["Core Setup", "Foundation Services", "Core Services"];
const NAMES: [&str; 5] = ["core", "tenant", "auth", "user", "reporting"];

/// The specification of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// The services in the order of tiers. Each depends only on earlier ones.
    pub(crate) services: Vec<Service>,
    /// The migrations in the order of versions. Each requires only earlier ones.
    pub(crate) migrations: Vec<Migration>,
}

/// A service of a [`Spec`].
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) tier: usize,
    /// Indices of services.
    pub(crate) depends_on: Vec<usize>,
}

/// A migration of a [`Spec`].
#[derive(Clone, Debug)]
pub(crate) struct Migration {
    /// Index of its service.
    pub(crate) service: usize,
    /// Indices of migrations.
    pub(crate) requires: Vec<usize>,
}

/// Whether migrations require each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requires {
    None,
    Some,
}

/// Any valid tree with a few services and migrations.
pub(crate) fn specs(requires: Requires) -> impl Strategy<Value = Spec> {
    let names = Just(NAMES.to_vec()).prop_shuffle();
    let tiers = prop::collection::vec(0usize..3, 1..=NAMES.len());
    let most = match requires {
        Requires::None => 0,
        Requires::Some => 3,
    };
    let picks = || prop::collection::vec(any::<Index>(), 0..=2);
    let migration = (
        any::<Index>(),
        prop::collection::vec(any::<Index>(), 0..=most),
    );
    (
        names,
        tiers,
        prop::collection::vec(picks(), NAMES.len()),
        prop::collection::vec(migration, 1..12),
    )
        .prop_map(|(names, mut tiers, depends, migrations)| {
            tiers.sort_unstable();
            let count = tiers.len();
            let services = (0..count).map(|i| Service {
                name: names[i],
                tier: tiers[i],
                depends_on: earlier(i, &depends[i]),
            });
            let migrations = migrations
                .iter()
                .enumerate()
                .map(|(i, (service, picks))| Migration {
                    service: service.index(count),
                    requires: earlier(i, picks),
                });
            Spec {
                services: services.collect(),
                migrations: migrations.collect(),
            }
        })
}

fn earlier(than: usize, picks: &[Index]) -> Vec<usize> {
    let mut found: Vec<usize> = match than {
        0 => Vec::new(),
        than => picks.iter().map(|pick| pick.index(than)).collect(),
    };
    found.sort_unstable();
    found.dedup();
    found
}

impl Spec {
    /// The tree, with the services in this order in the manifest.
    pub(crate) fn tree_with(&self, tables: &[usize]) -> Tree {
        let mut tree = Tree::new("database");
        tree.nodes.insert("migrations".to_owned(), Node::Folder);
        for service in 0..self.services.len() {
            tree.nodes.insert(self.folder(service), Node::Folder);
        }
        for migration in 0..self.migrations.len() {
            let (up, down) = (self.up(migration), self.down(migration));
            tree = tree
                .with_file(&up, self.up_script(migration))
                .with_file(&down, "DROP TABLE t;\n");
        }
        let tables: String = tables.iter().map(|&service| self.table(service)).collect();
        tree.with_file("services.toml", format!("tiers = {TIERS:?}\n{tables}"))
    }

    /// The tree.
    pub(crate) fn tree(&self) -> Tree {
        let tables: Vec<usize> = (0..self.services.len()).collect();
        self.tree_with(&tables)
    }

    /// A service's table in the manifest.
    pub(crate) fn table(&self, service: usize) -> String {
        let Service {
            name,
            tier,
            depends_on,
        } = &self.services[service];
        let depends_on: Vec<&str> = depends_on.iter().map(|&i| self.services[i].name).collect();
        format!(
            "[services.{name}]\ntier = \"{}\"\ndirectory = \"{name}_service\"\n\
             depends_on = {depends_on:?}\n",
            TIERS[*tier]
        )
    }

    /// A service's folder.
    pub(crate) fn folder(&self, service: usize) -> String {
        format!("migrations/{}_service", self.services[service].name)
    }

    /// The reference to a migration.
    pub(crate) fn reference(&self, migration: usize) -> String {
        let service = self.services[self.migrations[migration].service].name;
        format!("{service}/{}", version(migration))
    }

    /// The path of a migration's up script.
    pub(crate) fn up(&self, migration: usize) -> String {
        format!("{}.up.sql", self.stem(migration))
    }

    /// The path of a migration's down script.
    pub(crate) fn down(&self, migration: usize) -> String {
        format!("{}.down.sql", self.stem(migration))
    }

    fn stem(&self, migration: usize) -> String {
        let folder = self.folder(self.migrations[migration].service);
        let (version, uid) = (version(migration), uid(migration));
        format!("{folder}/{version}_{uid}_create_table_{migration}")
    }

    /// A migration's up script.
    pub(crate) fn up_script(&self, migration: usize) -> String {
        let requires = self.migrations[migration].requires.iter();
        let requires = requires.map(|&i| format!("-- migrator: requires {}\n", self.reference(i)));
        format!("{}CREATE TABLE t (a int);\n", requires.collect::<String>())
    }
}

/// A migration's version.
pub(crate) fn version(migration: usize) -> String {
    format!("202401{:02}120000", migration + 1)
}

/// A migration's uid.
pub(crate) fn uid(migration: usize) -> String {
    format!("a{:07x}", migration * 0x1357 + 1)
}
