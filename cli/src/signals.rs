//! What Ctrl-C and `kill` do: the first signal stops the command in order, the second
//! ends the process.
//!
//! A thread of its own listens, so that a second signal is heard whatever the command
//! is at.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::{io, process, thread};

use migrator_runtime::Stop;

use crate::exit::Exit;
use crate::output::Printer;

/// The exit code for the signal that came first. Signals are the process's, and so is this.
static CAUGHT: AtomicU8 = AtomicU8::new(Exit::Interrupted as u8);

/// How a command ends that a signal has stopped.
pub(crate) fn exit() -> Exit {
    match CAUGHT.load(Ordering::Relaxed) == Exit::Terminated as u8 {
        true => Exit::Terminated,
        false => Exit::Interrupted,
    }
}

/// Listens from now on. Where that cannot be done, signals do what they always do.
pub(crate) fn listen(stop: &Stop, printer: Printer) {
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
                "{name}: stopping; a second signal ends it at once"
            ));
            process::exit(signals.next().await as i32);
        });
    });
    // It fails where the thread has given up.
    let _ = is_ready.recv();
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
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
