//! Reports the start of a wave, and of the time after which the next databases start.

use migrator_runtime::Phase;
use serde_json::{Value, json};

use super::wave::Order;
use crate::arguments::Format;
use crate::console::Console;
use crate::view::in_milliseconds;
use crate::words::seconds;

/// Prints a note, and in JSON lines also a line.
pub(super) fn report(console: &Console, order: Order, phase: Phase) {
    let Some((note, line)) = texts(order, phase) else {
        return;
    };
    console.note(&note);
    if console.format() == Format::Jsonl {
        console.write(&line.to_string());
    }
}

/// The note and the line. A list without waves is one wave, whose start is not reported.
fn texts(order: Order, phase: Phase) -> Option<(String, Value)> {
    Some(match (order, phase) {
        (Order::Waves, Phase::Wave(wave)) => (
            format!("starting wave {wave}"),
            json!({"event": "wave", "wave": wave}),
        ),
        (Order::Waves, Phase::Settling { wave, time }) => (
            format!(
                "waiting {} before the next databases of wave {wave} start",
                seconds(time)
            ),
            json!({"event": "settle", "milliseconds": in_milliseconds(time), "wave": wave}),
        ),
        (Order::Listed, Phase::Settling { time, .. }) => (
            format!("waiting {} before the next databases start", seconds(time)),
            json!({"event": "settle", "milliseconds": in_milliseconds(time)}),
        ),
        (Order::Listed | Order::Waves, _) => return None,
    })
}
