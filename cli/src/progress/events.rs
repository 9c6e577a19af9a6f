//! What an event changes on the board.

use migrator_runtime::{Event, Waiter};

use super::Progress;
use crate::words::count;

/// The name of a run that waits before its first step.
const LOCK: &str = "waiting for the lock of another run";

impl Progress {
    /// Shows an event of a run of one database, when it happens.
    pub(crate) fn of_run(&self, event: &Event<'_>) {
        self.update(|board, now| match event {
            Event::Waiting(holder) => {
                board.start(LOCK, now);
                board.detail(LOCK, Some(format!("{holder} holds the lock")));
            }
            Event::Planned(plan) => {
                board.end(LOCK);
                // A step without a script is only recorded.
                let steps = plan.steps.iter().filter(|step| step.has_script());
                board.plan("migration", Some(steps.count()), now);
            }
            Event::Started(step) => board.start(&step.id.to_string(), now),
            Event::Finished(done) => {
                board.end(&done.id.to_string());
                board.advance();
            }
            Event::Failed(id) => board.end(&id.to_string()),
            Event::KeptWaiting {
                subject: subject @ Waiter::Operation(_),
                what,
            } => {
                board.start(&subject.to_string(), now);
                board.detail(&subject.to_string(), Some(format!("waiting {what}")));
            }
            Event::WaitEnded(subject @ Waiter::Operation(_)) => board.end(&subject.to_string()),
            Event::Retrying { .. }
            | Event::KeptWaiting { .. }
            | Event::WaitEnded(_)
            | Event::Resumed { .. }
            | Event::StillAtWork { .. }
            | Event::NotCurrent { .. }
            | Event::LockUnreleased { .. }
            | Event::NoSecondConnection(_)
            | Event::Notice(_)
            | Event::NoticesOmitted(_)
            | _ => {
                if let Some((name, detail)) = detail(event) {
                    board.detail(&name, detail);
                }
            }
        });
    }

    /// Shows an event of one database of a fleet. The database has one line.
    pub(crate) fn of_database(&self, target: &str, event: &Event<'_>) {
        let doing = match event {
            Event::Waiting(holder) => Some(format!("waiting for the lock: {holder} holds it")),
            Event::Planned(plan) => Some(count(plan.steps.len(), "migration") + " to run"),
            Event::Started(step) => Some(format!("running {}", step.id)),
            Event::Finished(_) | Event::Failed(_) => None,
            Event::Retrying { .. }
            | Event::KeptWaiting { .. }
            | Event::WaitEnded(_)
            | Event::Resumed { .. }
            | Event::StillAtWork { .. }
            | Event::NotCurrent { .. }
            | Event::LockUnreleased { .. }
            | Event::NoSecondConnection(_)
            | Event::Notice(_)
            | Event::NoticesOmitted(_)
            | _ => match detail(event) {
                Some((name, Some(detail))) => Some(format!("{name}: {detail}")),
                Some((name, None)) => Some(format!("running {name}")),
                None => return,
            },
        };
        self.update(|board, _| board.detail(target, doing));
    }
}

/// The work that an event is about, and what that work waits for from now on.
fn detail(event: &Event<'_>) -> Option<(String, Option<String>)> {
    let (name, detail) = match event {
        Event::Retrying {
            step,
            blockers,
            retry,
            retries,
            ..
        } => {
            let behind = blockers.iter().map(|one| format!(", behind {one}"));
            let behind = behind.collect::<String>();
            let detail = format!("retry {retry} of {retries}{behind}");
            (step.id.to_string(), Some(detail))
        }
        Event::KeptWaiting { subject, what } => {
            (subject.to_string(), Some(format!("waiting {what}")))
        }
        Event::StillAtWork { step, holder } => {
            let detail = format!("waiting for a statement of an earlier run: {holder} runs it");
            (step.id.to_string(), Some(detail))
        }
        Event::WaitEnded(subject) => (subject.to_string(), None),
        Event::Resumed { step, .. } => (step.id.to_string(), None),
        Event::Waiting(_)
        | Event::Planned(_)
        | Event::Started(_)
        | Event::Finished(_)
        | Event::Failed(_)
        | Event::NotCurrent { .. }
        | Event::LockUnreleased { .. }
        | Event::NoSecondConnection(_)
        | Event::Notice(_)
        | Event::NoticesOmitted(_)
        | _ => return None,
    };
    Some((name, detail))
}
