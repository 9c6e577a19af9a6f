//! The messages of a connection that were sent and are not answered yet.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use migrator_plan::Step;

use super::source::Source;
use crate::session::message::{Commit, Message};
use crate::session::send::Answers;

/// The pause before the second try of a step.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The largest number of messages in progress.
const MESSAGES: usize = 64;

/// The largest number of bytes in progress, unless a single message is longer.
const BYTES: usize = 1024 * 1024;

/// How the server gets the long up script that an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UpScript {
    /// As a literal.
    Literal,
    /// From the message that runs the script; see [`in_message`](crate::history::in_message).
    InMessage,
}

/// The messages in progress.
pub(crate) struct Pipeline<'a> {
    pub(super) steps: VecDeque<SentStep<'a>>,
    /// When the server began the first of them.
    pub(super) since: Instant,
    /// How often the first of them was tried.
    pub(super) tries: u32,
    pub(super) pause: Duration,
    /// How to record long up scripts.
    pub(super) long: UpScript,
}

/// A step whose message was sent.
pub(super) struct SentStep<'a> {
    pub(super) step: &'a Step<'static>,
    /// The step that must be recorded as done.
    pub(super) before: Option<&'a Step<'static>>,
    pub(super) source: Source,
    pub(super) message: Message,
    pub(super) commit: Commit,
    pub(super) answers: Answers,
}

impl Pipeline<'_> {
    pub(crate) fn new() -> Self {
        Pipeline {
            steps: VecDeque::new(),
            since: Instant::now(),
            tries: 0,
            pause: FIRST_PAUSE,
            long: UpScript::InMessage,
        }
    }

    /// Whether a message of this length has to wait.
    pub(super) fn is_full(&self, length: usize) -> bool {
        let lengths = self.steps.iter().map(|step| step.message.text.len());
        let is_idle = self.steps.is_empty();
        !is_idle && (self.steps.len() >= MESSAGES || lengths.sum::<usize>() + length > BYTES)
    }
}
