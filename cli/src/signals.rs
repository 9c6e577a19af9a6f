//! What Ctrl-C, `kill` and a lost terminal do: the first signal stops the command in order,
//! the second ends the process.
//!
//! A separate thread listens. So it receives a second signal whatever the command does, and ends
//! a command that waits where [`Stop`] cannot stop it.

use std::sync::mpsc;
use std::time::Duration;
use std::{io, process, thread};

use migrator_model::Code;
use migrator_runtime::Stop;

use crate::caught;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::view::Document;

/// How long a command may take to end after a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The runtime gives the server 10 seconds to end what it is doing.
    Short,
    /// `verify` first empties a lent database.
    Long,
}

impl Patience {
    const fn limit(self) -> Duration {
        match self {
            Patience::Short => Duration::from_secs(13),
            Patience::Long => Duration::from_mins(2),
        }
    }
}

/// Starts to listen. If that fails, signals end the process as usual.
pub(crate) fn listen(stop: &Stop, console: Console, patience: Patience) {
    let stop = stop.clone();
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let Ok(mut signals) = Signals::new() else {
                return;
            };
            // Fails if the command has ended already.
            let _ = ready.send(());
            let first = signals.next().await;
            caught::keep(first);
            let telling = caught::Telling::begin();
            stop.stop();
            let name = first.signal();
            console.note(&format!(
                "{name}: stopping; a second signal ends the process at once"
            ));
            drop(telling);
            match tokio::time::timeout(patience.limit(), signals.next()).await {
                Ok(second) => process::exit(second.code().into()),
                Err(_) => give_up(&console, first, patience),
            }
        });
    });
    // Fails if the thread cannot listen.
    let _ = is_ready.recv();
}

/// Ends a command that has not ended in time.
fn give_up(console: &Console, signal: Exit, patience: Patience) {
    let name = signal.signal();
    let waited = patience.limit().as_secs();
    let message = format!("the command did not end within {waited} s of {name}");
    let help = "`migrator status` shows what was done; the server ends the current statement \
                when it notices that the client is gone";
    let failure = Failure::new(Code::M0518, signal, message, help);
    render::document(console, &Document::from(failure));
    process::exit(signal.code().into());
}

/// The signals that stop a command.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// `None` under `nohup`.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Registers for the signals. From now on, they do not end the process.
    pub(crate) fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: match ignores_hang_ups() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Exit {
        let hung_up = async {
            match &mut self.hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
            _ = hung_up => Exit::HungUp,
        }
    }
}

/// Whether the process was started to outlive its terminal, for example with `nohup`. Then SIGHUP,
/// the lowest bit, is among the ignored signals (`proc(5)`).
#[cfg(unix)]
fn ignores_hang_ups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u128::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) -> Exit {
        self.0.recv().await;
        Exit::Interrupted
    }
}
