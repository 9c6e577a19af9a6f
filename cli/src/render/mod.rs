//! Renderers: each turns a document into the bytes of one format.
//!
//! Each format has its own file here. No command depends on a format.

mod github;
pub(crate) mod graph;
pub(crate) mod json;
pub(crate) mod jsonl;
mod markdown;
pub(crate) mod problem;
pub(crate) mod report;
mod sarif;
pub(crate) mod text;

use crate::arguments::{Format, without_settings};
use crate::console::Console;
use crate::exit::Exit;
use crate::line::Line;
use crate::view::{Document, Measured, Usage, UsageError, View};

/// Prints the document of a command that has ended. Returns the exit code of the process.
pub(crate) fn document(console: &Console, document: &Document) -> Exit {
    console.print_all(&text::lines(document, console.columns()));
    match (console.format(), &document.view) {
        (Format::Json, _) => json::write(document, |part| console.write(part)),
        (Format::Jsonl, _) => console.write(&json::line(document)),
        (Format::Sarif, Some(View::Check(check))) => console.write(&sarif::document(check)),
        (Format::Github, Some(View::Check(check))) => {
            for annotation in github::annotations(check) {
                console.write(&annotation);
            }
        }
        (Format::Markdown, Some(View::Check(check))) => {
            console.write(&markdown::comment(check));
        }
        (Format::Text | Format::Sarif | Format::Github | Format::Markdown, _) => {}
    }
    console.exit(document.exit)
}

/// Prints clap's answer to the arguments: the help and the version are results, every other answer
/// is a usage error.
pub(crate) fn usage(console: &Console, error: &clap::Error) -> Exit {
    let text = without_settings(&error.render().ansi().to_string());
    if !error.use_stderr() {
        console.write(text.trim_end());
        return console.exit(Exit::Done);
    }
    console.print(&Line::Error(text.trim_end().to_owned()));
    let message = first_paragraph(&without_settings(&error.render().to_string()));
    let errors = [UsageError { message }];
    document(
        console,
        &Document {
            database: None,
            measured: Measured::default(),
            view: Some(View::Usage(Usage { errors })),
            errors: Vec::new(),
            exit: Exit::Usage,
        },
    )
}

fn first_paragraph(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let paragraph = lines.join(" ");
    let message = paragraph.strip_prefix("error: ").unwrap_or(&paragraph);
    message.to_owned()
}
