//! The span of a run, for the crate `tracing`. `event/trace.rs` has those of its legs and steps.

use std::pin::Pin;

use migrator_model::file_name::Direction;
use tracing::field::{Empty, display};
use tracing::{Instrument, error, info, info_span};

use super::change::Change;
use super::flow::{CarriedOut, Request};
use crate::context::Context;
use crate::error::Error;
use crate::event::trace::milliseconds;

/// A run. Without the box, the future within its span would have twice the size.
type Run<'a> = Pin<Box<dyn Future<Output = Result<CarriedOut, Error>> + Send + 'a>>;

impl Context {
    /// Carries out a change within a span, which has its result at the end.
    pub(super) async fn traced(
        &self,
        request: Request<'_>,
        run: Run<'_>,
    ) -> Result<CarriedOut, Error> {
        let span = info_span!(
            "run",
            operation = word(request.change),
            database = request.client.target(),
            steps = Empty,
            milliseconds = Empty,
            code = Empty,
            error = Empty,
        );
        let outcome = run.instrument(span.clone()).await;
        if let Some(listener) = &self.listener {
            listener.trace().end();
        }
        let report = match &outcome {
            Ok(done) => &done.report,
            Err(error) => &error.report,
        };
        let (steps, milliseconds) = (report.done.len(), milliseconds(report.elapsed));
        span.record("steps", steps);
        span.record("milliseconds", milliseconds);
        match &outcome {
            Ok(_) => info!(parent: &span, steps, milliseconds, "run ended"),
            Err(error) => {
                let code = error.code().as_str();
                span.record("code", code);
                span.record("error", display(error));
                error!(parent: &span, steps, milliseconds, code, %error, "run failed");
            }
        }
        outcome
    }
}

/// The name of the operation.
fn word(change: Change<'_>) -> &'static str {
    match change {
        Change::Migrate { direction, .. } => match direction {
            Direction::Up => "up",
            Direction::Down => "down",
        },
        Change::Redo { .. } => "redo",
        Change::Switch { .. } => "switch",
        Change::Repair { .. } => "repair",
        Change::Accept(_) => "accept",
        Change::Claim { .. } => "record",
    }
}
