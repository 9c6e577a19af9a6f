//! Shows what runs now: lines that change on a terminal, elsewhere a note every ten seconds.
//!
//! `board` has the state, `text` the parts of a line, and `events` turns the events of a run into
//! changes of the board. The console writes.

mod board;
mod events;
mod text;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::board::Board;
use crate::console::{Console, Display};

/// How often the lines on a terminal change.
const TICK: Duration = Duration::from_millis(100);

/// How often the notes of a process without a terminal are checked.
const CHECK: Duration = Duration::from_millis(500);

/// Shows what a command does now. Clones share one display.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Shared>);

struct Shared {
    console: Console,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    board: Board,
    /// Whether a thread shows the board.
    is_shown: bool,
    is_over: bool,
}

/// A piece of work that ends when this is dropped.
#[must_use]
pub(crate) struct Activity {
    progress: Progress,
    name: String,
}

impl Progress {
    pub(crate) fn new(console: &Console) -> Progress {
        Progress(Arc::new(Shared {
            console: console.clone(),
            state: Mutex::default(),
            ended: Condvar::new(),
        }))
    }

    /// Starts a piece of work.
    pub(crate) fn activity(&self, name: &str) -> Activity {
        self.update(|board, now| board.start(name, now));
        Activity {
            progress: self.clone(),
            name: name.to_owned(),
        }
    }

    /// Changes the board. Starts to show it when the first work runs.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Board, Instant)) {
        let mut state = self.state();
        if state.is_over || self.0.console.display() == Display::Nothing {
            return;
        }
        change(&mut state.board, Instant::now());
        if state.board.is_idle() {
            self.0.console.erase();
        } else if !state.is_shown {
            state.is_shown = true;
            let progress = self.clone();
            thread::spawn(move || progress.show());
        }
    }

    /// Removes everything from the terminal, and shows nothing from now on.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        state.board.clear();
        self.0.console.erase();
        drop(state);
        self.0.ended.notify_all();
    }

    /// Shows the board until the end.
    fn show(&self) {
        let console = &self.0.console;
        let display = console.display();
        let tick = match display {
            Display::Lines => TICK,
            Display::Notes | Display::Nothing => CHECK,
        };
        let mut state = self.state();
        while !state.is_over {
            let waited = self.0.ended.wait_timeout(state, tick);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.is_over || state.board.is_idle() {
                continue;
            }
            match display {
                Display::Lines => console.draw(|size| state.board.lines(Instant::now(), size)),
                Display::Notes => {
                    for note in state.board.overdue(Instant::now()) {
                        console.note(&note);
                    }
                }
                Display::Nothing => return,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.progress.update(|board, _| board.end(&self.name));
    }
}
