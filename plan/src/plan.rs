//! Plans a run: calls the planner of its direction.

use migrator_model::Registry;
use migrator_model::file_name::Direction;

use crate::conflict::Conflict;
use crate::history::History;
use crate::request::Request;
use crate::step::Plan;
use crate::target::{Policy, Target};
use crate::{down, up};

/// Plans a run in one direction.
///
/// # Errors
///
/// Every conflict between registry, history and target.
pub fn plan<'r>(
    registry: &'r Registry,
    history: &History,
    direction: Direction,
    target: &Target,
    policy: Policy,
) -> Result<Plan<'r>, Vec<Conflict>> {
    let request = Request {
        registry,
        history,
        target,
        policy,
    };
    match direction {
        Direction::Up => up::plan(&request),
        Direction::Down => down::plan(&request),
    }
}
