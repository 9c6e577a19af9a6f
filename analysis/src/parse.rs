//! Parses SQL into a flat tree; the one user of `squawk-parser`.
//!
//! The parser recurses and, on input it was not made for, may panic. So it
//! runs where the stack is large ([`on_large_stack`]), only on input of bounded
//! nesting, and a panic becomes a syntax error.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use squawk_lexer::TokenKind;
use squawk_parser::{EntryPoint, LexedStr, StrStep};

pub use squawk_parser::SyntaxKind as Kind;

/// A script as a tree: nodes in the order of the text, parents before children.
#[derive(Clone, Debug)]
pub struct Sql<'a> {
    /// The script.
    pub text: &'a str,
    nodes: Vec<Node>,
    /// What is not SQL, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// The nodes of statements that a ROLLBACK TO SAVEPOINT takes back.
    undone: Vec<Range<Id>>,
}

/// A node or a token of the tree; trivia have none.
#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    range: Range<usize>,
    parent: Id,
    /// One past its last descendant.
    end: Id,
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

/// The deepest nesting of parentheses, brackets and keywords that is parsed.
pub const DEEPEST: usize = 256;

/// Enough for [`DEEPEST`] in a build without optimisation.
const STACK: usize = 256 * 1024 * 1024;

/// Runs something on a thread whose stack is large enough for [`parse`].
///
/// The memory is only reserved: what is not used is never touched.
///
/// # Errors
///
/// The thread could not be started, or ended in a panic.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| error.to_string())?
            .join()
            .map_err(|_| "the analysis panicked".to_owned())
    })
}

/// Parses a script, on the stack of [`on_large_stack`].
#[must_use]
pub fn parse(text: &str) -> Sql<'_> {
    let nothing = |message: &str, offset| Sql {
        text,
        nodes: vec![Node::root(text)],
        errors: vec![SyntaxError {
            message: message.to_owned(),
            offset,
        }],
        undone: Vec::new(),
    };
    if let Some(offset) = too_deep(text) {
        return nothing("this is nested too deeply to be checked", offset);
    }
    let parsed = catch_unwind(AssertUnwindSafe(|| build(text)));
    parsed.unwrap_or_else(|_| nothing("this cannot be parsed", 0))
}

fn build(text: &str) -> Sql<'_> {
    let lexed = LexedStr::new(text);
    let output = EntryPoint::SourceFile.parse(&lexed.to_input());
    let mut builder = Builder {
        nodes: vec![Node::root(text)],
        open: Vec::new(),
        at: 0,
        last: 0,
        errors: Vec::new(),
    };
    let lexical = lexed.errors().map(|(range, message)| SyntaxError {
        message: message.to_owned(),
        offset: range.start as usize,
    });
    builder.errors.extend(lexical);
    lexed.intersperse_trivia(&output, &mut |step| builder.step(&step));
    builder.errors.sort_by_key(|error| error.offset);
    let mut sql = Sql {
        text,
        nodes: builder.nodes,
        errors: builder.errors,
        undone: Vec::new(),
    };
    sql.undone = sql.undone();
    sql
}

struct Builder {
    nodes: Vec<Node>,
    open: Vec<Id>,
    /// How far the text was read.
    at: usize,
    /// The end of the last token that is no trivia.
    last: usize,
    errors: Vec<SyntaxError>,
}

impl Builder {
    fn step(&mut self, step: &StrStep<'_>) {
        match step {
            StrStep::Enter { .. } if self.open.is_empty() => self.open.push(ROOT),
            StrStep::Enter { kind } => {
                let id = self.push(*kind, self.at..self.at);
                self.open.push(id);
            }
            StrStep::Token { kind, text } => {
                let range = self.at..self.at + text.len();
                self.at = range.end;
                if !kind.is_trivia() {
                    self.last = range.end;
                    self.push(*kind, range);
                }
            }
            StrStep::Exit => {
                if let Some(id) = self.open.pop() {
                    self.close(id);
                }
            }
            StrStep::Error { msg, pos } => self.errors.push(SyntaxError {
                message: (*msg).to_owned(),
                offset: *pos,
            }),
        }
    }

    fn push(&mut self, kind: Kind, range: Range<usize>) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node {
            kind,
            range,
            parent: self.open.last().copied().unwrap_or(ROOT),
            end: id + 1,
        });
        id
    }

    /// A node reaches from its first token to its last.
    fn close(&mut self, id: Id) {
        let end = self.nodes.len();
        let first = self.nodes.get(id + 1).map(|node| node.range.start);
        let last = self.last;
        let node = &mut self.nodes[id];
        node.end = end;
        if let (Some(first), true) = (first, id != ROOT) {
            node.range = first..last.max(first);
        }
    }
}

impl Node {
    fn root(text: &str) -> Node {
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
        statements.filter(|&id| !self.undone.iter().any(|undone| undone.contains(&id)))
    }

    /// The ids between each savepoint and the last ROLLBACK TO it.
    fn undone(&self) -> Vec<Range<Id>> {
        let mut set: Vec<(&str, Id)> = Vec::new();
        let mut undone = Vec::new();
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
            undone.extend(is_kept.then(|| set[at].1 + 1..id));
            set.truncate(at + usize::from(is_kept));
        }
        undone
    }
}

/// Where the nesting gets deeper than [`DEEPEST`], if it does.
///
/// The parser goes deeper where something opens (parentheses, brackets, CASE)
/// and where prefixes stand in a row, such as `NOT NOT` or `- -`: both are
/// counted, so that what the parser's recursion is bounded by is bounded here.
fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut row = 0_usize;
    let mut offset = 0;
    for token in squawk_lexer::tokenize(text) {
        let end = offset + token.len as usize;
        match nesting(token.kind, &text[offset..end]) {
            Nesting::Opens => open += 1,
            Nesting::Closes => open = open.saturating_sub(1),
            Nesting::Prefix => row += 1,
            Nesting::Operand => row = 0,
            Nesting::Ends => (open, row) = (0, 0),
            Nesting::Trivia => {}
        }
        if open + row > DEEPEST {
            return Some(offset);
        }
        offset = end;
    }
    None
}

enum Nesting {
    Opens,
    Closes,
    Prefix,
    Operand,
    Ends,
    Trivia,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other tokens are operators"
)]
fn nesting(kind: TokenKind, text: &str) -> Nesting {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match kind {
        TokenKind::OpenParen | TokenKind::OpenBracket => Nesting::Opens,
        TokenKind::CloseParen | TokenKind::CloseBracket => Nesting::Closes,
        TokenKind::Ident if is("case") => Nesting::Opens,
        TokenKind::Ident if is("end") => Nesting::Closes,
        TokenKind::Ident if PREFIXES.iter().any(|word| is(word)) => Nesting::Prefix,
        TokenKind::Semi => Nesting::Ends,
        TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {
            Nesting::Trivia
        }
        TokenKind::Ident
        | TokenKind::Literal { .. }
        | TokenKind::QuotedIdent { .. }
        | TokenKind::PositionalParam { .. }
        | TokenKind::Comma => Nesting::Operand,
        _ => Nesting::Prefix,
    }
}

/// Words that may stand before a whole expression or statement of their own kind.
const PREFIXES: [&str; 6] = ["not", "explain", "all", "union", "except", "intersect"];

#[cfg(test)]
mod tests {
    use super::{Kind, on_large_stack, parse};

    #[test]
    fn a_tree_covers_its_statements() {
        let sql = parse("-- head\nCREATE TABLE a.b (id int);\n\nSELECT 1 + 2;\n");
        assert_eq!(sql.errors, []);
        let statements: Vec<&str> = sql.statements().map(|id| sql.text_of(id)).collect();
        assert_eq!(statements, ["CREATE TABLE a.b (id int);", "SELECT 1 + 2;"]);
        let table = sql
            .find(super::ROOT, Kind::TABLE_NAME)
            .expect("it is there");
        assert_eq!(sql.text_of(table), "a.b");
        assert!(
            sql.ancestors(table)
                .any(|id| sql.kind(id) == Kind::CREATE_TABLE)
        );
    }

    #[test]
    fn what_is_rolled_back_to_a_savepoint_has_no_effect() {
        let sql = parse(
            "CREATE TABLE a (); SAVEPOINT s; CREATE TABLE b (); SAVEPOINT t; SELECT 1; \
             ROLLBACK TO S; CREATE TABLE c (); RELEASE s; CREATE TABLE d ();",
        );
        let tables = sql
            .statements()
            .filter_map(|id| sql.find(id, Kind::TABLE_NAME));
        let tables: Vec<&str> = tables.map(|id| sql.text_of(id)).collect();
        assert_eq!(tables, ["a", "c", "d"]);
        assert_eq!(sql.all_statements().count(), 9);
    }

    #[test]
    fn what_is_not_sql_has_a_place() {
        let sql = parse("SELECT 1;\nCREAT TABLE x ();");
        assert_eq!(sql.errors[0].offset, 10, "{:?}", sql.errors);
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        for (open, close) in [
            ("(", ")"),
            ("NOT ", ""),
            ("- ", ""),
            ("CASE WHEN ", " END"),
            ("[", "]"),
        ] {
            for depth in [200, 100_000] {
                let text = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
                let errors = on_large_stack(|| parse(&text).errors.len()).expect("it ends");
                assert!(depth == 200 || errors > 0, "{open} {depth}");
            }
        }
    }
}
