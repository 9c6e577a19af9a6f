//! The text for people: results for standard output, notes and problems for standard error.
//!
//! A command prints its progress itself, line by line. This module makes those lines too.

pub(crate) mod adopt;
pub(crate) mod baseline;
pub(crate) mod changed_scripts;
pub(super) mod check;
mod difference;
mod drift;
mod evidence;
mod findings;
pub(crate) mod fleet;
pub(crate) mod history;
mod init;
mod list;
pub(crate) mod lost;
pub(crate) mod plan;
pub(crate) mod repair;
pub(crate) mod run;
mod status;
mod table;
pub(crate) mod verify;
mod wait;

use crate::line::{Line, Tone};
use crate::render::{graph, problem};
#[cfg(feature = "local-server")]
use crate::view::Server;
use crate::view::{Create, Document, Manual, Report, Schema, View};
use crate::words::count;
use table::indented;
pub(crate) use table::wrapped;

/// All lines about a command that has ended, except those that were printed before.
///
/// `terminal` is the number of columns of the terminal; `None` if there is none.
pub(crate) fn lines(document: &Document, terminal: Option<usize>) -> Vec<Line> {
    let database = document.database.as_deref().unwrap_or_default();
    let has_failed = !document.errors.is_empty();
    let mut lines = match &document.view {
        None | Some(View::Usage(_)) => Vec::new(),
        Some(View::Adopt(view)) => fitted(adopt::done(view, database, has_failed), terminal),
        Some(View::Baseline(view)) => fitted(baseline::done(view, database, has_failed), terminal),
        Some(View::Check(view)) => check::lines(view),
        Some(View::Completions(view)) => vec![Line::result(view.script.trim_end())],
        Some(View::Create(view)) => created(view),
        Some(View::Digest(view)) => vec![Line::result(&view.digest)],
        Some(View::Drift(view)) => fitted(drift::lines(view, database), terminal),
        Some(View::ChangedScripts(view)) => changed_scripts::recorded(view, database, has_failed),
        Some(View::Fleet(view)) => fleet::lines(view),
        // Programs read this text, so it is not wrapped or escaped.
        Some(View::Graph(view)) => vec![Line::Result(graph::picture(view))],
        Some(View::History(view)) => history::lines(view, database),
        Some(View::Init(view)) => init::lines(view),
        Some(View::List(view)) => list::lines(view, terminal),
        Some(View::Manual(view)) => manual(view),
        Some(View::Page(view)) => vec![Line::result(view.code.page().trim_end())],
        Some(View::Plan(view)) => plan::lines(view, database, terminal),
        Some(View::Refused(view)) => vec![Line::result(view.text)],
        Some(View::Repair(view)) => repair::recorded(view),
        Some(View::Report(view)) => vec![report(view)],
        Some(View::Run(view)) => fitted(run::summary(view, database, has_failed), terminal),
        Some(View::Schema(view)) => vec![schema(view, database)],
        #[cfg(feature = "local-server")]
        Some(View::Server(view)) => vec![server(view)],
        Some(View::Status(view)) => status::lines(view, database, terminal),
        Some(View::Verify(view)) => verify::lines(view),
        #[cfg(feature = "local-server")]
        Some(View::With(_)) => Vec::new(),
        Some(View::Wait(view)) => wait::lines(view, database),
    };
    if has_failed {
        let errors: Vec<String> = document.errors.iter().map(problem::text).collect();
        lines.push(Line::Error(errors.join("\n\n")));
    }
    lines
}

/// The same lines, with each result broken to the width of the terminal.
pub(crate) fn fitted(lines: Vec<Line>, terminal: Option<usize>) -> Vec<Line> {
    let lines = lines.into_iter();
    let lines = lines.map(|line| match line {
        Line::Result(_) | Line::Detail(_) => line.wrapped(|text| indented(text, terminal)),
        Line::Failure(_) | Line::Finding(_) | Line::Error(_) | Line::Note(_) | Line::Warning(_) => {
            line
        }
    });
    lines.collect()
}

fn manual(view: &Manual) -> Vec<Line> {
    match view {
        // `man` reads this text, so no byte of it is changed.
        Manual::Page { page } => vec![Line::Result(page.trim_end().to_owned())],
        Manual::Created { created } => {
            let created = created.iter();
            created
                .map(|path| Line::worded(Tone::Good, "created", path))
                .collect()
        }
    }
}

fn created(view: &Create) -> Vec<Line> {
    let mut lines: Vec<Line> = match view.renamed.is_empty() {
        true => {
            let paths = view.created.iter();
            paths
                .map(|path| Line::worded(Tone::Good, "created", path))
                .collect()
        }
        false => {
            let pairs = view.renamed.iter().zip(&view.created);
            let text = |(old, new): (&String, &String)| format!("{old} to {new}");
            pairs
                .map(|pair| Line::worded(Tone::Good, "renamed", &text(pair)))
                .collect()
        }
    };
    let gaps = view.gaps.iter();
    lines.extend(gaps.map(|gap| Line::warning(format!("the draft leaves to you: {gap}"))));
    lines.extend(findings::warning(view.findings));
    lines
}

fn report(view: &Report) -> Line {
    let (migrations, file) = (
        count(view.migrations.len(), "migration"),
        view.html.display(),
    );
    Line::result(format!("the report of {migrations} is in {file}"))
}

fn schema(view: &Schema, database: &str) -> Line {
    match view {
        // Programs read this text, so no byte of it is changed.
        Schema::Sql { schema } => Line::Result(schema.clone()),
        Schema::Written { file } => {
            let file = file.display();
            Line::result(format!("the schema of {database} is in {file}"))
        }
    }
}

#[cfg(feature = "local-server")]
fn server(view: &Server) -> Line {
    Line::result(match view {
        Server::State { url: Some(url) } => url,
        Server::State { url: None } | Server::Stopped { stopped: false } => {
            "the local development server does not run"
        }
        Server::Stopped { stopped: true } => {
            "the local development server was stopped; its data stay"
        }
    })
}
