//! `man`: manual pages for `man`, from the descriptions of the arguments.

use std::fs;
use std::path::Path;

use clap_mangen::Man;
use migrator_model::Code;

use super::context::{Answer, Context, Outcome};
use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::{Manual, View};

pub(super) fn run(context: &Context, folder: Option<&Path>) -> Outcome {
    let mut program = Arguments::of(context.program)
        .disable_help_subcommand(true)
        .version(env!("CARGO_PKG_VERSION"));
    program.build();
    let Some(folder) = folder else {
        let page = page(program);
        return Ok(Answer::done(View::Manual(Manual::Page { page })));
    };
    fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
    let commands = program.get_subcommands().cloned();
    let commands: Vec<_> = commands.filter(|command| !command.is_hide_set()).collect();
    let mut created = Vec::new();
    for command in [program].into_iter().chain(commands) {
        let path = folder.join(Man::new(command.clone()).get_filename());
        fs::write(&path, page(command)).map_err(|error| unwritten(&path, &error))?;
        created.push(path.display().to_string());
    }
    Ok(Answer::done(View::Manual(Manual::Created { created })))
}

fn page(command: clap::Command) -> String {
    let mut page = Vec::new();
    // A `Vec` takes everything.
    let _ = Man::new(command).manual("migrator").render(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot write `{}`", path.display());
    let help = "name a folder in which this user may write";
    Failure::new(Code::M0116, Exit::Failed, message, help).because(error.to_string())
}
