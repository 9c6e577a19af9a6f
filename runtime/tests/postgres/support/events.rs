//! The events of a run, as short texts.

use std::sync::{Arc, Mutex};

use migrator_runtime::model::Registry;
use migrator_runtime::{Event, Migrator, Options};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::within;

/// The events of a run, in short form.
pub(crate) struct Events {
    pub(crate) all: Arc<Mutex<Vec<String>>>,
    channel: UnboundedReceiver<String>,
}

impl Events {
    /// Waits for the next event that starts with this text.
    pub(crate) async fn next(&mut self, start: &str) -> String {
        let wait = async {
            loop {
                let event = self.channel.recv().await.expect("the run has not ended");
                if event.starts_with(start) {
                    return event;
                }
            }
        };
        within(start, wait).await
    }
}

/// A migrator that sends its events to the test.
pub(crate) fn with_events(registry: &'static Registry, options: Options) -> (Migrator, Events) {
    let (sender, channel): (UnboundedSender<String>, _) = unbounded_channel();
    let all = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&all);
    let migrator = Migrator::with_options(registry, options).on_event(move |event| {
        let event = match event {
            Event::Waiting(holder) => format!("waiting {holder}"),
            Event::Planned(plan) => format!("planned {}", plan.steps.len()),
            Event::Started(step) => format!("started {step}"),
            Event::Finished(done) => format!("finished {done}"),
            Event::KeptWaiting { what, .. } => format!("held {what}"),
            Event::Resumed { found, .. } => format!("resumed {found}"),
            Event::StillAtWork { holder, .. } => format!("still {holder}"),
            Event::Retrying { why, blockers, .. } => {
                let behind = blockers.iter().map(|one| format!(", behind {one}"));
                format!("retrying {why}{}", behind.collect::<String>())
            }
            Event::LockUnreleased { why } => format!("unreleased {why}"),
            Event::NoSecondConnection(what) => format!("no second connection: {what}"),
            Event::NotCurrent { why } => format!("not current {why}"),
            Event::Notice(notice) => format!("notice {}", notice.message),
            Event::NoticesOmitted(number) => format!("notices omitted {number}"),
            Event::Failed(id) => format!("failed {id}"),
            Event::WaitEnded(subject) => format!("wait ended: {subject}"),
            other => format!("{other:?}"),
        };
        kept.lock().expect("nobody panics").push(event.clone());
        // The test may have stopped listening.
        let _ = sender.send(event);
    });
    (migrator, Events { all, channel })
}
