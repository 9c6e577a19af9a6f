//! `report`: one page about the tree and the database.

mod collect;
mod tables;

use std::fs;
use std::path::Path;

use migrator_model::{Code, Registry};
use migrator_runtime::history::LogFilter;
use migrator_runtime::{Migrator, Selection};

use self::collect::Database;
use super::beside::SCRIPT_TIMEOUT;
use super::comparison::{Compared, Comparison};
use super::context::{Answer, Context, Outcome};
use super::verified::Verified;
use crate::arguments as args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::view::{Status, View};

/// The most entries of the event log on a page.
const MOST_ENTRIES: usize = 20_000;

pub(super) async fn run(context: &Context, report: &args::Report) -> Outcome {
    let registry = context.chosen_registry()?;
    let verified = report.verified.as_deref().map(Verified::read).transpose()?;
    let database = match report.offline || !(report.drift || context.names_database()) {
        true => None,
        false => Some(read(context, registry, report).await?),
    };
    let mut view = collect::collect(registry, database, verified.as_ref());
    view.html.clone_from(&report.html);
    let target = context.database.get().map(String::as_str);
    let page = render::report::page(&view, target);
    fs::write(&report.html, page).map_err(|error| {
        let cause = error.to_string();
        unwritten(&report.html).because(cause)
    })?;
    Ok(Answer::done(View::Report(Box::new(view))))
}

/// What the database says.
async fn read(
    context: &Context,
    registry: &'static Registry,
    report: &args::Report,
) -> Result<Database, Failure> {
    let options = context.environment.reads(&report.reads)?;
    let client = context.connect(registry, &options).await?;
    let tables = tables::read(&client, &options.schema).await?;
    let migrator = Migrator::with_options(registry, options);
    let found = migrator.observe(&client, &Selection::All).await?;
    let newest = LogFilter {
        newest: Some(MOST_ENTRIES),
        ..LogFilter::default()
    };
    let log = migrator.log(&client, &newest).await?;
    let drift = match report.drift {
        true => {
            let comparison = Comparison::new(context, SCRIPT_TIMEOUT)?;
            Some(comparison.of(&client, &migrator, Compared::One).await?)
        }
        false => None,
    };
    client.close().await;
    Ok(Database {
        status: Status::new(found, true),
        log,
        drift,
        tables,
    })
}

fn unwritten(file: &Path) -> Failure {
    let message = format!("`{}` cannot be written", file.display());
    let help = "name a file in a folder that is there and that you may write to";
    Failure::new(Code::M0116, Exit::Failed, message, help)
}
