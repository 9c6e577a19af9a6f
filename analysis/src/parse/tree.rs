//! A script as a flat tree.

use std::ops::Range;

pub use squawk_parser::SyntaxKind as Kind;

/// A script as a tree: nodes in the order of the text, parents before children.
#[derive(Clone, Debug)]
pub struct Sql<'a> {
    /// The script.
    pub text: &'a str,
    pub(super) nodes: Vec<Node>,
    /// What is not SQL, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// The nodes of statements that a ROLLBACK TO SAVEPOINT takes back.
    pub(super) rolled_back: Vec<Range<Id>>,
}

/// A node or a token of the tree; trivia have none.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
    pub(super) parent: Id,
    /// One past its last descendant.
    pub(super) end: Id,
}

/// A node of a tree, by its place in it.
pub type Id = usize;

/// The whole script.
pub const ROOT: Id = 0;

/// Something that is not SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What the parser makes of it.
    pub message: String,
    /// Where it is, in bytes.
    pub offset: usize,
}

impl Node {
    pub(super) fn root(text: &str) -> Node {
        Node {
            kind: Kind::SOURCE_FILE,
            range: 0..text.len(),
            parent: ROOT,
            end: 1,
        }
    }
}

impl Sql<'_> {
    /// Whether it is a token, and no node with something in it.
    #[must_use]
    pub fn is_leaf(&self, id: Id) -> bool {
        self.nodes[id].end == id + 1
    }

    /// What a node is.
    #[must_use]
    pub fn kind(&self, id: Id) -> Kind {
        self.nodes[id].kind
    }

    /// Its bytes in the script.
    #[must_use]
    pub fn range(&self, id: Id) -> Range<usize> {
        self.nodes[id].range.clone()
    }

    /// Its text.
    #[must_use]
    pub fn text_of(&self, id: Id) -> &str {
        &self.text[self.range(id)]
    }

    /// The node that it is directly in; the root is in itself.
    #[must_use]
    pub fn parent(&self, id: Id) -> Id {
        self.nodes[id].parent
    }

    /// The nodes that it is in, from the nearest to the root.
    pub fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> {
        let mut at = id;
        std::iter::from_fn(move || {
            (at != ROOT).then(|| {
                at = self.parent(at);
                at
            })
        })
    }

    /// Everything in it, in the order of the text.
    #[must_use]
    pub fn descendants(&self, id: Id) -> Range<Id> {
        id + 1..self.nodes[id].end
    }

    /// What is directly in it, in the order of the text.
    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let mut next = id + 1;
        let end = self.nodes[id].end;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = next;
                next = self.nodes[child].end;
                child
            })
        })
    }

    /// The first node of a kind directly in it.
    #[must_use]
    pub fn child(&self, id: Id, kind: Kind) -> Option<Id> {
        self.children(id).find(|&child| self.kind(child) == kind)
    }

    /// The first node of a kind anywhere in it.
    #[must_use]
    pub fn find(&self, id: Id, kind: Kind) -> Option<Id> {
        self.descendants(id).find(|&node| self.kind(node) == kind)
    }

    /// The statements, each with the semicolon that ends it.
    pub fn all_statements(&self) -> impl Iterator<Item = Id> {
        self.children(ROOT)
            .filter(|&id| self.kind(id) != Kind::SEMICOLON)
    }

    /// The statements that have an effect: without those that a ROLLBACK TO
    /// SAVEPOINT takes back.
    pub fn statements(&self) -> impl Iterator<Item = Id> {
        let statements = self.all_statements();
        statements.filter(|&id| {
            !self
                .rolled_back
                .iter()
                .any(|rolled_back| rolled_back.contains(&id))
        })
    }

    /// The ids between each savepoint and the last ROLLBACK TO it.
    pub(super) fn rolled_back(&self) -> Vec<Range<Id>> {
        let mut set: Vec<(&str, Id)> = Vec::new();
        let mut rolled_back = Vec::new();
        for id in self.all_statements() {
            let named = |kind| self.child(id, kind).map(|name| self.text_of(name));
            set.extend(named(Kind::SAVEPOINT).map(|name| (name, id)));
            let Some(name) = named(Kind::SAVEPOINT_REF) else {
                continue;
            };
            let is_it = |(one, _): &(&str, Id)| one.eq_ignore_ascii_case(name);
            let Some(at) = set.iter().rposition(is_it) else {
                continue;
            };
            let is_kept = self.kind(id) == Kind::ROLLBACK_TO_SAVEPOINT;
            rolled_back.extend(is_kept.then(|| set[at].1 + 1..id));
            set.truncate(at + usize::from(is_kept));
        }
        rolled_back
    }
}
