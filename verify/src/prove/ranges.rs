//! Divides a proof into ranges of the plan. Each range is proved on a server of its own, because
//! scripts also change what databases share, such as roles.
//!
//! A server first applies the migrations before its range, without a proof. The ranges depend only
//! on the plan, and not on how many of them are proved at once. So neither do the results: also rows
//! that scripts leave are seen by the same later scripts.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::ops::Range;

use futures_util::{StreamExt, stream};
use migrator_model::Registry;
use migrator_runtime::{Client, Stop};

use super::plan::plan;
use super::prover::UNPROVED;
use super::verdict::{Afterwards, Proof, ProofEvent, Subject};
use super::{carry_out, start, start_prepared};
use crate::snapshot::content::Snapshot;

/// The most ranges of a proof. Each costs `up` of everything before it.
const MOST: usize = 4;

/// The fewest migrations in a range, unless the plan has fewer.
const LEAST: usize = 150;

/// How a proof is divided, and how much of it runs at once.
#[derive(Clone, Copy, Debug)]
pub struct Jobs {
    at_once: NonZeroUsize,
    least: usize,
    whole_after: usize,
}

impl Jobs {
    /// At most this number of servers at once.
    #[must_use]
    pub const fn at_once(jobs: NonZeroUsize) -> Jobs {
        Jobs {
            at_once: jobs,
            least: LEAST,
            whole_after: UNPROVED,
        }
    }

    /// Divides proofs of fewer migrations as well: a range has at least this number of migrations.
    #[must_use]
    pub fn with_ranges_of(mut self, least: NonZeroUsize) -> Jobs {
        self.least = least.get();
        self
    }

    /// Takes the first whole snapshot of a range after this number of others, the next one after
    /// twice as many, and so on.
    #[must_use]
    pub fn with_whole_snapshots_after(mut self, others: NonZeroUsize) -> Jobs {
        self.whole_after = others.get();
        self
    }
}

/// A database for one range, on a server that nobody else uses.
#[derive(Debug)]
pub struct Place<S> {
    /// A session on the database.
    pub client: Client,
    /// If [`prepare`](super::prepared::prepare) has prepared the database for the same subject and
    /// the same scripts, a snapshot of another database of the server, without any migration.
    /// Otherwise the database is empty.
    pub empty: Option<Snapshot>,
    /// The server, which may end when this value is dropped.
    pub server: S,
}

/// As [`prove_until`](super::prove_until), on temporary servers that `open` starts. Several ranges
/// of a large plan are proved at once. The results are the same for any number of jobs, and in the
/// same order, but a later range is reported only when all earlier ones are complete.
///
/// # Errors
///
/// Those of `open`. If an earlier range ends with an error, [`Proof::ended`] has that one.
pub async fn prove_in_ranges<'a, S, E>(
    stop: &Stop,
    registry: &'a Registry,
    subject: &Subject,
    jobs: Jobs,
    open: impl AsyncFn() -> Result<Place<S>, E>,
    tell: impl FnMut(ProofEvent<'_, 'a>),
) -> Result<Proof<'a>, E> {
    let proving = Proving {
        stop,
        registry,
        subject,
        tell: RefCell::new(tell),
        complete: Cell::new(0),
        whole_after: jobs.whole_after,
    };
    let ranges = ranges(registry, subject, jobs.least);
    let ranges = stream::iter(ranges.into_iter().enumerate());
    // Boxed: the stream would contain the large future of each proof.
    let proofs = ranges.map(|(number, range)| Box::pin(proving.prove(number, range, &open)));
    let mut proofs = proofs.buffered(jobs.at_once.get());
    let mut whole = Proof::none();
    while let Some(proved) = proofs.next().await {
        let (proof, telling) = proved?;
        if telling == Telling::AtTheEnd {
            let mut tell = proving.tell.borrow_mut();
            proof
                .proved
                .iter()
                .for_each(|proved| tell(ProofEvent::Proved(proved)));
        }
        proving.complete.set(proving.complete.get() + 1);
        whole.and(proof);
        if whole.ended.is_err() {
            break;
        }
    }
    drop(proofs);
    Ok(whole)
}

/// Decides when the results of a range are reported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// Each at once, because all earlier ranges are complete.
    AtOnce,
    /// All when the range and all earlier ones are complete.
    AtTheEnd,
}

/// What the proofs of all ranges have in common.
struct Proving<'p, 'a, T> {
    stop: &'p Stop,
    registry: &'a Registry,
    subject: &'p Subject,
    tell: RefCell<T>,
    /// The number of complete ranges.
    complete: Cell<usize>,
    /// See [`Jobs::with_whole_snapshots_after`].
    whole_after: usize,
}

impl<'a, T: FnMut(ProofEvent<'_, 'a>)> Proving<'_, 'a, T> {
    async fn prove<S, E>(
        &self,
        number: usize,
        range: Range<usize>,
        open: &impl AsyncFn() -> Result<Place<S>, E>,
    ) -> Result<(Proof<'a>, Telling), E> {
        let telling = match self.complete.get() == number {
            true => Telling::AtOnce,
            false => Telling::AtTheEnd,
        };
        let mut place = open().await?;
        let tell = |event: ProofEvent<'_, 'a>| {
            let is_early = telling == Telling::AtTheEnd && matches!(event, ProofEvent::Proved(_));
            if !is_early {
                (self.tell.borrow_mut())(event);
            }
        };
        let client = &mut place.client;
        let prover = match place.empty {
            Some(empty) => Ok(start_prepared(
                self.stop,
                client,
                self.registry,
                self.subject,
                empty,
            )),
            None => start(self.stop, client, self.registry, Afterwards::Abandon).await,
        };
        let prover = prover.map(|prover| prover.within(range).with_whole_after(self.whole_after));
        let proof = carry_out(prover, self.subject, Afterwards::Abandon, tell).await;
        place.client.close().await;
        Ok((proof, telling))
    }
}

/// The places in the plan at which ranges begin and end. The first one has what is only applied.
fn ranges(registry: &Registry, subject: &Subject, least: usize) -> Vec<Range<usize>> {
    let plan = plan(registry, subject);
    let (first, proved) = (plan.prefix.len(), plan.rest.len());
    let number = (proved / least).clamp(1, MOST);
    let end = |range: usize| match range {
        0 => 0,
        _ => first + proved * range / number,
    };
    (0..number)
        .map(|range| end(range)..end(range + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use migrator_model::{Registry, Tree, resolve};
    use migrator_runtime::Selection;

    use super::{Subject, ranges};

    #[test]
    fn ranges_are_of_about_the_same_size_and_leave_nothing_out() {
        let manifest = "tiers = [\"Only\"]\n[services.a]\ntier = \"Only\"\ndirectory = \"a\"\n";
        let mut tree = Tree::new("database").with_file("services.toml", manifest);
        for number in 0..11 {
            let stem = format!("migrations/a/202401010000{number:02}_{number:08x}_one");
            tree = tree
                .with_file(&format!("{stem}.up.sql"), "SELECT 1;")
                .with_file(&format!("{stem}.down.sql"), "SELECT 1;");
        }
        let registry = resolve(&tree).registry;
        let subject = Subject::of(Selection::All);
        assert_eq!(ends(&registry, &subject, 12), [11]);
        assert_eq!(ends(&registry, &subject, 5), [5, 11]);
        assert_eq!(ends(&registry, &subject, 1), [2, 5, 8, 11]);
        let since = registry
            .migrations()
            .nth(7)
            .map(|migration| migration.version);
        let subject = subject.since(since);
        assert_eq!(ends(&registry, &subject, 2), [9, 11]);
    }

    /// The ends of the ranges, each of which begins where the previous one ends.
    fn ends(registry: &Registry, subject: &Subject, least: usize) -> Vec<usize> {
        let mut start = 0;
        let ranges = ranges(registry, subject, least).into_iter();
        let ends = ranges.map(|range| {
            assert_eq!(range.start, start);
            start = range.end;
            range.end
        });
        ends.collect()
    }
}
