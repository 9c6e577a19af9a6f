//! The parsed scripts of migrations.

use std::borrow::Cow;
use std::thread;

use migrator_model::file_name::Direction;
use migrator_model::{Migration, Mode};

use crate::objects::{self, Mention};
use crate::parse::{Id, Sql, on_large_stack, parse};

/// A parsed script.
pub(crate) struct Script<'a> {
    pub(crate) migration: Migration<'a>,
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
            Direction::Up => self.migration.up().mode,
            Direction::Down => self.migration.down().mode,
        }
    }
}

impl<'a> Pair<'a> {
    pub(crate) fn scripts(&self) -> [&Script<'a>; 2] {
        [&self.up, &self.down]
    }
}

/// A migration before it is parsed.
pub(crate) struct Texts<'a> {
    migration: Migration<'a>,
    up: Text<'a>,
    down: Text<'a>,
}

/// A script before it is parsed.
struct Text<'a> {
    /// The path that diagnostics show.
    path: String,
    /// The SQL as the server gets it.
    sql: Cow<'a, str>,
}

/// The texts of migrations, in their order.
pub(crate) fn texts<'a>(migrations: impl IntoIterator<Item = Migration<'a>>) -> Vec<Texts<'a>> {
    let texts = migrations.into_iter().map(|migration| Texts {
        migration,
        up: text(migration.up()),
        down: text(migration.down()),
    });
    texts.collect()
}

fn text(script: migrator_model::Script<'_>) -> Text<'_> {
    Text {
        path: script.path(),
        sql: script.sql(),
    }
}

/// Parses all scripts on several threads. Returns them in their order.
pub(crate) fn parse_all<'a>(texts: &'a [Texts<'a>]) -> Vec<Pair<'a>> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let size = texts.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let chunks: Vec<_> = texts
            .chunks(size)
            .map(|chunk| scope.spawn(move || parse_chunk(chunk)))
            .collect();
        let parsed = chunks.into_iter().filter_map(|chunk| chunk.join().ok());
        parsed.flatten().collect()
    })
}

fn parse_chunk<'a>(chunk: &'a [Texts<'a>]) -> Vec<Pair<'a>> {
    let pairs = || {
        let pairs = chunk.iter().map(|texts| Pair {
            up: script(texts.migration, Direction::Up, &texts.up),
            down: script(texts.migration, Direction::Down, &texts.down),
        });
        pairs.collect()
    };
    on_large_stack(pairs).unwrap_or_default()
}

fn script<'a>(migration: Migration<'a>, direction: Direction, text: &'a Text<'a>) -> Script<'a> {
    let sql = parse(&text.sql);
    Script {
        migration,
        direction,
        path: &text.path,
        mentions: objects::mentions(&sql),
        sql,
    }
}
