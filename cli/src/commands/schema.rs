//! `schema`: the database's schema as SQL.

use std::fs;
use std::path::Path;

use migrator_model::Code;
use migrator_runtime::connect;
use migrator_verify::Error;

use super::context::{Answer, Context, Outcome};
use crate::arguments as args;
use crate::database::pg_dump::{Details, Extent, PgDump};
use crate::database::version;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Schema, View};

pub(super) async fn run(context: &Context, schema: &args::Schema) -> Outcome {
    let options = context.environment.reads(&schema.reads)?;
    let settings = context.settings(context.registry)?;
    let client = connect(settings.clone()).await?;
    let version = version::of(&client).await.map_err(Error::Catalog)?;
    client.close().await;
    let extent = Extent {
        without: vec![options.schema.clone()],
        only: Vec::new(),
        details: Details::Both,
    };
    let program = PgDump::find(version.major)?;
    let sql = program.schema(&settings, &extent, options.lock_timeout)?;
    let _ = context.database.set(settings.display_target());
    let view = match &schema.file {
        None => Schema::Sql { schema: sql },
        Some(file) => {
            fs::write(file, format!("{sql}\n")).map_err(|error| {
                let cause = error.to_string();
                unwritten(file).because(cause)
            })?;
            Schema::Written { file: file.clone() }
        }
    };
    Ok(Answer::done(View::Schema(view)))
}

fn unwritten(file: &Path) -> Failure {
    let message = format!("`{}` cannot be written", file.display());
    let help = "name a file in a folder that is there and that you may write to";
    Failure::new(Code::M0116, Exit::Failed, message, help)
}
