//! The parsed scripts of migrations.

use std::borrow::Cow;
use std::thread;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Mode, Registry};

use crate::objects::{self, Mention};
use crate::parse::{Id, Sql, on_large_stack, parse};

/// A parsed script.
pub(crate) struct Script<'a> {
    pub(crate) migration: &'a Migration,
    pub(crate) direction: Direction,
    /// The path that problems show.
    pub(crate) path: &'a str,
    pub(crate) sql: Sql<'a>,
    /// The mentions, in the order of the text.
    pub(crate) mentions: Vec<Mention>,
}

/// A migration's two scripts.
pub(crate) struct Pair<'a> {
    pub(crate) up: Script<'a>,
    pub(crate) down: Script<'a>,
}

impl Script<'_> {
    /// The mentions in a statement.
    pub(crate) fn mentions_of(&self, statement: Id) -> &[Mention] {
        let all = &self.mentions;
        let start = all.partition_point(|one| one.statement < statement);
        let end = all.partition_point(|one| one.statement <= statement);
        all.get(start..end).unwrap_or_default()
    }

    /// Whether the script runs in a transaction.
    pub(crate) fn mode(&self) -> Mode {
        match self.direction {
            Direction::Up => self.migration.up.mode,
            Direction::Down => self.migration.down.mode,
        }
    }
}

impl<'a> Pair<'a> {
    pub(crate) fn scripts(&self) -> [&Script<'a>; 2] {
        [&self.up, &self.down]
    }
}

/// The SQL of each script as the server gets it: up and down, in plan order.
pub(crate) fn texts(registry: &Registry) -> Vec<[Cow<'_, str>; 2]> {
    let scripts = registry.migrations.iter();
    scripts.map(|m| [m.up.sql(), m.down.sql()]).collect()
}

/// Parses all scripts on several threads. Returns them in plan order.
pub(crate) fn parse_all<'a>(
    registry: &'a Registry,
    texts: &'a [[Cow<'a, str>; 2]],
) -> Vec<Pair<'a>> {
    let work: Vec<(&Migration, &[Cow<'a, str>; 2])> =
        registry.migrations.iter().zip(texts).collect();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let size = work.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let chunks: Vec<_> = work
            .chunks(size)
            .map(|chunk| scope.spawn(move || parse_chunk(chunk)))
            .collect();
        let parsed = chunks.into_iter().filter_map(|chunk| chunk.join().ok());
        parsed.flatten().collect()
    })
}

fn parse_chunk<'a>(chunk: &[(&'a Migration, &'a [Cow<'a, str>; 2])]) -> Vec<Pair<'a>> {
    let pairs = || {
        let pairs = chunk.iter().map(|(migration, [up, down])| Pair {
            up: script(migration, Direction::Up, up),
            down: script(migration, Direction::Down, down),
        });
        pairs.collect()
    };
    on_large_stack(pairs).unwrap_or_default()
}

fn script<'a>(migration: &'a Migration, direction: Direction, text: &'a str) -> Script<'a> {
    let path = match direction {
        Direction::Up => &migration.up.path,
        Direction::Down => &migration.down.path,
    };
    let sql = parse(text);
    Script {
        migration,
        direction,
        path,
        mentions: objects::mentions(&sql),
        sql,
    }
}
