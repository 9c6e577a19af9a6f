//! Runs a command that waits for a server, and handles signals meanwhile.

use migrator_model::Code;
use migrator_runtime::{Stop, Stopped};

use super::context::{Context, Outcome};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::signals::{self, Patience};

/// Runs a command that waits for a server.
pub(super) struct Runner {
    stop: Stop,
    console: Console,
}

impl Runner {
    pub(super) fn new(context: &Context) -> Runner {
        Runner {
            stop: context.stop.clone(),
            console: context.console.clone(),
        }
    }

    /// A command that listens to signals itself.
    #[cfg(feature = "local-server")]
    pub(super) fn alone(command: impl Future<Output = Outcome>) -> Outcome {
        block_on(command)
    }

    /// A command that only reads: a signal drops it.
    pub(super) fn read(self, command: impl Future<Output = Outcome>) -> Outcome {
        let stop = self.stop.clone();
        self.change(async move {
            let ended = stop.unless_stopped(command).await;
            ended.unwrap_or_else(|| Err(Stopped::default().into()))
        })
    }

    /// A command that writes: it heeds a signal itself, and leaves everything in order.
    pub(super) fn change(self, command: impl Future<Output = Outcome>) -> Outcome {
        self.within(Patience::Short, command)
    }

    /// The same, with the time that the command may take to leave everything in order.
    pub(super) fn within(
        self,
        patience: Patience,
        command: impl Future<Output = Outcome>,
    ) -> Outcome {
        signals::listen(&self.stop, self.console, patience);
        block_on(command)
    }
}

/// One thread is enough: the work happens in the server.
fn block_on(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let message = "the asynchronous runtime could not be started";
            let help = "raise this process's limits on open files and threads";
            Failure::new(Code::M0902, Exit::Failed, message, help).because(error.to_string())
        })?;
    let outcome = runtime.block_on(command);
    // Dropping the runtime would wait for a name look-up that nothing can stop.
    runtime.shutdown_background();
    outcome
}
