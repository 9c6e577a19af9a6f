//! `digest`: which state of the migrations the program has.

use super::context::{Answer, Context};
use crate::view::{Digest, View};

pub(super) fn run(context: &Context) -> Answer {
    Answer::done(View::Digest(Digest {
        digest: context.registry.digest(),
        migrations: context.registry.len(),
    }))
}
