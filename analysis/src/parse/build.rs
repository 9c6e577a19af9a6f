//! Builds the flat tree from the parser's output.

use std::ops::Range;

use squawk_parser::{EntryPoint, LexedStr, StrStep};

use super::tree::{Id, Kind, Node, ROOT, Sql, SyntaxError};

/// Parses a script of limited depth.
pub(super) fn build(text: &str) -> Sql<'_> {
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
        rolled_back: Vec::new(),
    };
    sql.rolled_back = sql.rolled_back();
    sql
}

struct Builder {
    nodes: Vec<Node>,
    open: Vec<Id>,
    /// The offset after the last token.
    at: usize,
    /// The end of the last token that is not white space or a comment.
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

    /// Ends a node, and sets its range from its first to its last token.
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
