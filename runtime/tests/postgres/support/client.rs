//! Clients that die or sleep in the middle of a run.

use migrator_runtime::{Direction, Error, Migrator, Report, Target};
use tokio::sync::oneshot;

use super::{Database, within};

impl Database {
    /// Starts a run whose client dies when `reached` resolves: its runtime ends with its
    /// connections, without a message to the server.
    pub(crate) async fn dying<T>(
        &self,
        mut migrator: Migrator,
        when: impl Future<Output = T>,
    ) -> T {
        let (die, death) = oneshot::channel::<()>();
        let database = self.clone();
        let living = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async {
                let mut client = database.client().await;
                tokio::select! {
                    _ = migrator.up(&mut client, Target::all()) => panic!("it waits"),
                    _ = death => {}
                }
            });
        });
        let come = when.await;
        die.send(()).expect("it lives");
        living.join().expect("no panic");
        come
    }

    /// Starts a run on its own thread, and suspends the thread when `reached` resolves, as a
    /// suspended machine does.
    pub(crate) async fn asleep(
        &self,
        mut migrator: Migrator,
        direction: Direction,
        when: impl Future<Output = ()>,
    ) -> Asleep {
        let (sleep, requested) = oneshot::channel::<()>();
        let (fell, is_asleep) = oneshot::channel::<()>();
        let (wake, woken) = std::sync::mpsc::channel::<()>();
        let database = self.clone();
        let run = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async {
                tokio::spawn(async move {
                    if requested.await.is_ok() {
                        fell.send(()).expect("the test waits");
                        // This blocks the thread with everything that the run does.
                        woken.recv().expect("the test goes on");
                    }
                });
                let mut client = database.client().await;
                let outcome = match direction {
                    Direction::Up => migrator.up(&mut client, Target::all()).await,
                    Direction::Down => migrator.down(&mut client, Target::all()).await,
                };
                client.close().await;
                outcome
            })
        });
        when.await;
        sleep.send(()).expect("it runs");
        within("falling asleep", is_asleep).await.expect("it runs");
        Asleep { wake, run }
    }
}

/// A run whose thread sleeps.
pub(crate) struct Asleep {
    wake: std::sync::mpsc::Sender<()>,
    run: std::thread::JoinHandle<Result<Report, Error>>,
}

impl Asleep {
    /// Wakes the run, and returns its result.
    pub(crate) async fn wake(self) -> Result<Report, Error> {
        self.wake.send(()).expect("it sleeps");
        let ended = tokio::task::spawn_blocking(move || self.run.join());
        let ended = within("the run", ended).await.expect("no panic");
        ended.expect("no panic")
    }
}
