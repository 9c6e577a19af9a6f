//! Builds the flat tree from the parser's output.

use std::borrow::Cow;
use std::ops::Range;

use squawk_parser::{EntryPoint, LexedStr, StrStep};

use super::depth::too_deep;
use super::thin::{Chunk, chunks};
use super::tree::{Id, Kind, Node, ROOT, Sql, SyntaxError, small};

/// Parses a script.
pub(super) fn build(text: &str) -> Sql<'_> {
    let mut builder = Builder {
        nodes: vec![Node::root(text)],
        open: Vec::new(),
        parts: Parts::default(),
        at: 0,
        last: 0,
        errors: Vec::new(),
    };
    for chunk in chunks(text) {
        if let Some(offset) = builder.chunk(text, chunk) {
            return nothing(text, "this is nested too deeply to be checked", offset);
        }
    }
    migrator_model::small::sort_by(&mut builder.errors, |a, b| a.offset.cmp(&b.offset));
    let mut sql = Sql {
        text,
        nodes: builder.nodes,
        errors: builder.errors,
        rolled_back: Vec::new(),
    };
    sql.rolled_back = sql.rolled_back();
    sql
}

/// The tree of a script that cannot be parsed.
pub(super) fn nothing<'a>(text: &'a str, message: &str, offset: usize) -> Sql<'a> {
    Sql {
        text,
        nodes: vec![Node::root(text)],
        errors: vec![SyntaxError {
            message: message.to_owned(),
            offset,
        }],
        rolled_back: Vec::new(),
    }
}

struct Builder {
    nodes: Vec<Node>,
    open: Vec<Id>,
    parts: Parts,
    /// The offset in the chunk after the last token.
    at: usize,
    /// The end of the last token that is not white space or a comment, in the script.
    last: usize,
    errors: Vec<SyntaxError>,
}

/// The place of a chunk in the script.
#[derive(Default)]
struct Parts {
    /// The parts of the script in the chunk, each with its start in the chunk.
    all: Vec<(usize, Range<usize>)>,
    /// The part with the last offset.
    current: usize,
}

impl Parts {
    fn of(chunk: Chunk) -> Parts {
        let mut start = 0;
        let all = chunk.into_iter().map(|part| {
            let at = start;
            start += part.len();
            (at, part)
        });
        Parts {
            all: all.collect(),
            current: 0,
        }
    }

    /// The offset in the script of an offset in the chunk. The offsets should ascend.
    fn in_script(&mut self, offset: usize) -> usize {
        let is_in_next = |parts: &Parts| {
            let next = parts.all.get(parts.current + 1);
            next.is_some_and(|(at, _)| *at <= offset)
        };
        while is_in_next(self) {
            self.current += 1;
        }
        while self.current > 0 && self.all[self.current].0 > offset {
            self.current -= 1;
        }
        let part = self.all.get(self.current);
        part.map_or(offset, |(at, part)| part.start + (offset - at))
    }
}

impl Builder {
    /// Parses a chunk of the script. Returns where it is nested too deeply.
    fn chunk(&mut self, text: &str, chunk: Chunk) -> Option<usize> {
        let parsed = match chunk.as_slice() {
            [part] => Cow::Borrowed(&text[part.clone()]),
            parts => Cow::Owned(parts.iter().map(|part| &text[part.clone()]).collect()),
        };
        self.parts = Parts::of(chunk);
        self.at = 0;
        if let Some(offset) = too_deep(&parsed) {
            return Some(self.parts.in_script(offset));
        }
        let lexed = LexedStr::new(&parsed);
        let output = EntryPoint::SourceFile.parse(&lexed.to_input());
        for (range, message) in lexed.errors() {
            let offset = self.parts.in_script(range.start as usize);
            let message = message.to_owned();
            self.errors.push(SyntaxError { message, offset });
        }
        lexed.intersperse_trivia(&output, &mut |step| self.step(&step));
        None
    }

    fn step(&mut self, step: &StrStep<'_>) {
        match step {
            StrStep::Enter { .. } if self.open.is_empty() => self.open.push(ROOT),
            StrStep::Enter { kind } => {
                let at = self.parts.in_script(self.at);
                let id = self.push(*kind, at..at);
                self.open.push(id);
            }
            StrStep::Token { kind, text } => {
                if !kind.is_trivia() {
                    let start = self.parts.in_script(self.at);
                    self.last = start + text.len();
                    self.push(*kind, start..self.last);
                }
                self.at += text.len();
            }
            StrStep::Exit => {
                if let Some(id) = self.open.pop() {
                    self.close(id);
                }
            }
            StrStep::Error { msg, pos } => self.errors.push(SyntaxError {
                message: (*msg).to_owned(),
                offset: self.parts.in_script(*pos),
            }),
        }
    }

    fn push(&mut self, kind: Kind, range: Range<usize>) -> Id {
        let id = self.nodes.len();
        self.nodes.push(Node {
            kind,
            range: small(range.start)..small(range.end),
            parent: small(self.open.last().copied().unwrap_or(ROOT)),
            end: small(id + 1),
        });
        id
    }

    /// Ends a node, and sets its range from its first to its last token.
    fn close(&mut self, id: Id) {
        let end = small(self.nodes.len());
        let first = self.nodes.get(id + 1).map(|node| node.range.start);
        let last = small(self.last);
        let node = &mut self.nodes[id];
        node.end = end;
        if let (Some(first), true) = (first, id != ROOT) {
            node.range = first..last.max(first);
        }
    }
}
