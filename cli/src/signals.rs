//! What Ctrl-C, `kill` and a lost terminal do: the first signal stops the command in order,
//! the second ends the process.
//!
//! A separate thread listens, so that it receives a second signal whatever the command does,
//! and can end a command that waits where nothing can stop it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use std::{io, process, thread};

use migrator_runtime::Stop;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Printer;

/// The exit code for the signal that came first; nothing for zero. Signals are the
/// process's, and so is this.
static CAUGHT: AtomicU8 = AtomicU8::new(0);

/// How long a command may take to end after a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// What has to be left in order is at the server, which is given 10 seconds.
    Short,
    /// A database that was lent is emptied first.
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

/// How a command ends that a signal has stopped.
pub(crate) fn exit() -> Exit {
    caught().unwrap_or(Exit::Interrupted)
}

/// The same, if there was a signal.
pub(crate) fn caught() -> Option<Exit> {
    let caught = CAUGHT.load(Ordering::Relaxed);
    let signals = [Exit::HungUp, Exit::Interrupted, Exit::Terminated];
    signals.into_iter().find(|exit| *exit as u8 == caught)
}

/// Listens from now on. Where that cannot be done, signals do what they always do.
pub(crate) fn listen(stop: &Stop, printer: Printer, patience: Patience) {
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
            // The command may have ended already.
            let _ = ready.send(());
            let first = signals.next().await;
            CAUGHT.store(first as u8, Ordering::Relaxed);
            stop.stop();
            let name = first.signal();
            printer.note(&format!(
                "{name}: stopping; a second signal ends the process at once"
            ));
            match tokio::time::timeout(patience.limit(), signals.next()).await {
                Ok(second) => process::exit(second as i32),
                Err(_) => give_up(&printer, first, patience),
            }
        });
    });
    // It fails where the thread has given up.
    let _ = is_ready.recv();
}

/// Ends a command that is still not over.
fn give_up(printer: &Printer, signal: Exit, patience: Patience) {
    let name = signal.signal();
    let waited = patience.limit().as_secs();
    let message = format!("the command did not end within {waited} s of {name}");
    let help = "`migrator status` shows what was done; the server ends the current statement \
                when it notices that the client is gone";
    let failure = Failure::new(migrator_model::Code::M0518, signal, message, help);
    printer.last(&failure);
    process::exit(signal as i32);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// None under `nohup`.
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
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

    async fn next(&mut self) -> Exit {
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

/// Whether this process was started to outlive its terminal, as by `nohup`: SIGHUP, the
/// lowest bit, is among the signals that Linux lists as ignored (`proc(5)`).
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
