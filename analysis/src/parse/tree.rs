//! A parsed script as a flat tree.

use std::ops::Range;

pub use squawk_parser::SyntaxKind as Kind;

/// A parsed script. Its nodes are in the order of the text, and parents precede their children.
#[derive(Clone, Debug)]
pub struct Sql<'a> {
    /// The script.
    pub text: &'a str,
    pub(super) nodes: Vec<Node>,
    /// The syntax errors, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// The nodes of statements that a ROLLBACK TO SAVEPOINT reverts.
    pub(super) rolled_back: Vec<Range<Id>>,
}

/// A node or a token. White space and comments have none.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) range: Range<u32>,
    pub(super) parent: u32,
    /// The id after the last descendant.
    pub(super) end: u32,
}

/// An offset or an id in a node. A script has millions of nodes, which therefore are small. The
/// lexer and the parser use numbers of this size, too.
pub(super) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The index of a node in the tree.
pub type Id = usize;

/// The node of the whole script.
pub const ROOT: Id = 0;

/// A syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The parser's message.
    pub message: String,
    /// The place in bytes.
    pub offset: usize,
}

impl Node {
    pub(super) fn root(text: &str) -> Node {
        Node {
            kind: Kind::SOURCE_FILE,
            range: 0..small(text.len()),
            parent: 0,
            end: 1,
        }
    }
}

impl Sql<'_> {
    /// Whether a node has no children.
    #[must_use]
    pub fn is_leaf(&self, id: Id) -> bool {
        self.nodes[id].end as usize == id + 1
    }

    /// The kind of a node.
    #[must_use]
    pub fn kind(&self, id: Id) -> Kind {
        self.nodes[id].kind
    }

    /// The byte range of a node.
    #[must_use]
    pub fn range(&self, id: Id) -> Range<usize> {
        let Range { start, end } = self.nodes[id].range;
        start as usize..end as usize
    }

    /// The text of a node.
    #[must_use]
    pub fn text_of(&self, id: Id) -> &str {
        &self.text[self.range(id)]
    }

    /// The parent of a node. The parent of the root is the root.
    #[must_use]
    pub fn parent(&self, id: Id) -> Id {
        self.nodes[id].parent as usize
    }

    /// The ancestors of a node, from its parent to the root.
    pub fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> {
        let mut at = id;
        std::iter::from_fn(move || {
            (at != ROOT).then(|| {
                at = self.parent(at);
                at
            })
        })
    }

    /// The descendants of a node, in the order of the text.
    #[must_use]
    pub fn descendants(&self, id: Id) -> Range<Id> {
        id + 1..self.nodes[id].end as usize
    }

    /// The children of a node, in the order of the text.
    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        let mut next = id + 1;
        let end = self.nodes[id].end as usize;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = next;
                next = self.nodes[child].end as usize;
                child
            })
        })
    }

    /// The first child of a kind.
    #[must_use]
    pub fn child(&self, id: Id, kind: Kind) -> Option<Id> {
        self.children(id).find(|&child| self.kind(child) == kind)
    }

    /// The first descendant of a kind.
    #[must_use]
    pub fn find(&self, id: Id, kind: Kind) -> Option<Id> {
        self.descendants(id).find(|&node| self.kind(node) == kind)
    }

    /// All statements. The range of each includes its semicolon.
    pub fn all_statements(&self) -> impl Iterator<Item = Id> {
        self.children(ROOT)
            .filter(|&id| self.kind(id) != Kind::SEMICOLON)
    }

    /// The statements that no ROLLBACK TO SAVEPOINT reverts.
    pub fn statements(&self) -> impl Iterator<Item = Id> {
        let statements = self.all_statements();
        statements.filter(|&id| {
            !self
                .rolled_back
                .iter()
                .any(|rolled_back| rolled_back.contains(&id))
        })
    }

    /// The ids between each savepoint and the last ROLLBACK TO that savepoint.
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
