//! `schema`: the database's schema as SQL.

use std::fs;

use migrator_model::Code;
use migrator_runtime::connect;
use migrator_verify::Error;
use serde_json::json;

use super::{Context, Outcome};
use crate::args;
use crate::connection;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pg_dump::PgDump;
use crate::version;

pub(super) async fn run(context: Context<'_>, schema: &args::Schema) -> Outcome {
    let Context {
        registry,
        global,
        environment,
        stop: _,
        output,
    } = context;
    let options = environment.history(&schema.history)?;
    let settings = connection::settings(registry, &global, &environment, output)?;
    let client = connect(settings.clone()).await?;
    let version = version::of(&client).await.map_err(Error::Catalog)?;
    client.close().await;
    let sql = PgDump::find(version.major)?.schema(&settings, &options.schema)?;
    output.member("database", json!(settings.display_target()));
    let Some(file) = &schema.file else {
        output.verbatim(&sql);
        output.member("schema", json!(sql));
        return Ok(Exit::Done);
    };
    fs::write(file, format!("{sql}\n")).map_err(|error| {
        let message = format!("`{}` cannot be written", file.display());
        let help = "name a file in a folder that is there and that you may write to";
        Failure::new(Code::M0116, Exit::Failed, message, help).because(error.to_string())
    })?;
    output.member("file", json!(file));
    output.line(&format!(
        "the schema of {settings} is in {}",
        file.display()
    ));
    Ok(Exit::Done)
}
