//! `drift`: compares the live schema with what its own history implies.

use migrator_runtime::Migrator;

use super::comparison::{Compared, Comparison};
use super::context::{Answer, Context, Outcome};
use super::fleet::{self, Work};
use crate::arguments as args;
use crate::exit::Exit;
use crate::view::View;

pub(super) async fn run(context: &Context, arguments: &args::Drift) -> Outcome {
    let comparison = Comparison::new(context, arguments.script_timeout)?;
    let options = context.environment.reads(&arguments.reads)?;
    if arguments.members.is_wanted() {
        let request = fleet::Request {
            members: &arguments.members,
            jobs: arguments.jobs,
            work: Work::Drift(&comparison),
        };
        return fleet::run(context, request, options).await;
    }
    let live = context.connect(comparison.registry, &options).await?;
    let migrator = Migrator::with_options(comparison.registry, options);
    let comparing = format!("comparing {} with its history", live.target());
    let comparing = context.progress.activity(&comparing);
    let view = comparison.of(&live, &migrator, Compared::One).await?;
    drop(comparing);
    let exit = match view.differences.is_empty() {
        true => Exit::Done,
        false => Exit::Pending,
    };
    let view = View::Drift(view);
    Ok(Answer { view, exit })
}
