//! The tables of the cells: all figures, and a table for each part of the work.

use migrator_figures::{Report, Table, Value, json, row};

use crate::cell::{Cell, Figure, PARTS, place};
use crate::contenders::Contender;

/// The table with all figures, from which the others are made.
pub(crate) const MEASURED: &str = "measured";

const COLUMNS: [&str; 7] = [
    "migrations",
    "delay ms",
    "program",
    "work",
    "ms of each round",
    "round trips",
    "over s",
];

/// Sets all tables of the report.
pub(crate) fn set(report: &mut Report, cells: &[Cell]) {
    for part in 0..PARTS.len() {
        report.set(times(cells, part));
    }
    report.set(round_trips(cells));
    report.set(rounds(cells));
    report.set(measured(cells));
}

fn measured(cells: &[Cell]) -> Table {
    let mut table = Table::new(MEASURED, &COLUMNS);
    for cell in cells {
        for (&(part, place), figure) in &cell.figures {
            let (program, work) = (Contender::ALL[place].name(), PARTS[part].0);
            table.push(row![
                cell.migrations,
                cell.delay,
                program,
                work,
                figure.rounds,
                figure.round_trips,
                figure.over
            ]);
        }
    }
    table
}

/// The cells of a table with all figures.
pub(crate) fn cells(table: &Table) -> Option<Vec<Cell>> {
    let mut cells: Vec<Cell> = Vec::new();
    for row in &table.rows {
        let [migrations, delay, program, work, rounds, round_trips, over] = row.as_slice() else {
            return None;
        };
        let migrations = usize::try_from(migrations.as_u64()?).ok()?;
        let delay = delay.as_u64()?;
        let of = |name: &Value, names: &[&str]| names.iter().position(|one| name == one);
        let place = of(program, &Contender::ALL.map(Contender::name))?;
        let part = of(work, &PARTS.map(|(name, _)| name))?;
        let rounds: Option<Vec<f64>> = rounds.as_array()?.iter().map(Value::as_f64).collect();
        let figure = Figure {
            rounds: rounds?,
            round_trips: round_trips
                .as_u64()
                .and_then(|number| usize::try_from(number).ok()),
            over: over.as_u64(),
        };
        let is_same = |cell: &&mut Cell| cell.migrations == migrations && cell.delay == delay;
        match cells.iter_mut().find(is_same) {
            Some(cell) => _ = cell.figures.insert((part, place), figure),
            None => {
                let figures = [((part, place), figure)].into();
                cells.push(Cell {
                    migrations,
                    delay,
                    figures,
                });
            }
        }
    }
    Some(cells)
}

/// The median of a part for each program and cell, and its ratio to the fastest other program with a
/// history.
fn times(cells: &[Cell], part: usize) -> Table {
    let head = |cell: &Cell| format!("{} at {} ms", grouped(cell.migrations), cell.delay);
    let heads: Vec<String> = ["ms (ratio)".to_owned()]
        .into_iter()
        .chain(cells.iter().map(head))
        .collect();
    let mut table = Table::new(PARTS[part].0, &heads);
    for (place, contender) in Contender::ALL.iter().enumerate() {
        let texts: Vec<Value> = cells.iter().map(|cell| text(cell, part, place)).collect();
        if texts.iter().any(|text| !text.is_null()) {
            table.push([json!(contender.name())].into_iter().chain(texts).collect());
        }
    }
    table
}

fn text(cell: &Cell, part: usize, place: usize) -> Value {
    let Some(figure) = cell.figures.get(&(part, place)) else {
        return Value::Null;
    };
    match (figure.over, figure.median()) {
        (Some(limit), _) => json!(format!("over {}", grouped_text(limit * 1_000))),
        (None, Some(took)) => match fastest(cell, part) {
            Some(fastest) => json!(format!("{} ({:.2})", milliseconds(took), took / fastest)),
            None => json!(milliseconds(took)),
        },
        (None, None) => Value::Null,
    }
}

/// The median of the fastest other program that keeps a history.
fn fastest(cell: &Cell, part: usize) -> Option<f64> {
    let peers = Contender::ALL.iter().filter(|one| one.is_peer());
    let medians = peers.filter_map(|&peer| cell.figures.get(&(part, place(peer)))?.median());
    medians.reduce(f64::min)
}

/// The round trips with the longest delay, for the fewest migrations.
fn round_trips(cells: &[Cell]) -> Table {
    let parts = PARTS.map(|(name, _)| name);
    let delayed = cells.iter().filter(|cell| cell.delay > 0);
    let cell = delayed.min_by_key(|cell| (cell.migrations, u64::MAX - cell.delay));
    let head = cell.map_or_else(String::new, |cell| {
        format!("round trips of {} migrations", grouped(cell.migrations))
    });
    let heads: Vec<&str> = [head.as_str()].into_iter().chain(parts).collect();
    let mut table = Table::new("round trips", &heads);
    let Some(cell) = cell else {
        return table;
    };
    for (place, contender) in Contender::ALL.iter().enumerate() {
        let of = |part| {
            let figure = cell.figures.get(&(part, place))?;
            figure.round_trips.filter(|_| figure.over.is_none())
        };
        let all: Vec<Option<usize>> = (0..parts.len()).map(of).collect();
        if all.iter().any(Option::is_some) {
            let all = all.into_iter().map(|one| json!(one));
            table.push([json!(contender.name())].into_iter().chain(all).collect());
        }
    }
    table
}

/// The ratios of migrator in each round: to the fastest other program with a history, and to the two
/// that send one message.
fn rounds(cells: &[Cell]) -> Table {
    let heads = [
        "migrations",
        "delay ms",
        "program",
        "work",
        "ms of each round",
        "ratio to the fastest peer",
        "to one message",
        "to psql's one message",
    ];
    let mut table = Table::new("rounds", &heads);
    for cell in cells {
        for (&(part, own), figure) in &cell.figures {
            let contender = Contender::ALL[own];
            if !contender.is_own() || figure.over.is_some() {
                continue;
            }
            let to = |contender| {
                let other = cell.figures.get(&(part, place(contender)))?;
                (other.rounds.len() == figure.rounds.len()).then_some(other)
            };
            let ratio = |peer: Option<Vec<f64>>| {
                let ratios = figure
                    .rounds
                    .iter()
                    .zip(peer?)
                    .map(|(own, other)| own / other);
                Some(ratios.collect::<Vec<f64>>())
            };
            let peers = Contender::ALL.iter().filter(|one| one.is_peer());
            let peers: Vec<&Figure> = peers.filter_map(|&peer| to(peer)).collect();
            let fastest =
                |round: usize| peers.iter().map(|peer| peer.rounds[round]).reduce(f64::min);
            let fastest: Option<Vec<f64>> = (0..figure.rounds.len()).map(fastest).collect();
            let one = |contender| ratio(to(contender).map(|figure| figure.rounds.clone()));
            table.push(row![
                cell.migrations,
                cell.delay,
                contender.name(),
                PARTS[part].0,
                figure.rounds,
                ratio(fastest),
                one(Contender::OneMessage),
                one(Contender::PsqlOneMessage)
            ]);
        }
    }
    table
}

fn milliseconds(number: f64) -> String {
    match number {
        ..9.95 => format!("{number:.1}"),
        _ => grouped_text(number.round() as u64),
    }
}

fn grouped(number: usize) -> String {
    grouped_text(number as u64)
}

/// A comma between thousands.
fn grouped_text(number: u64) -> String {
    match number {
        ..1_000 => number.to_string(),
        _ => format!("{},{:03}", grouped_text(number / 1_000), number % 1_000),
    }
}
