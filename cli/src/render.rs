//! How findings and failures look: rustc's form for people, JSON for programs.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use migrator_model::Diagnostic;
use migrator_model::diagnostic::Position;
use serde_json::{Value, json};

use crate::failure::{Shown, ShownPlace};

/// An error as rustc writes it, with the line of SQL and a caret under it.
pub(crate) fn text(error: &Shown) -> String {
    let title = Level::ERROR
        .primary_title(error.message.as_str())
        .id(error.code.as_str());
    let mut group = match &error.place {
        None => title.elements(Vec::<annotate_snippets::Element<'_>>::new()),
        Some(place) => located(title, place),
    };
    for (word, text) in &error.notes {
        let message = match *word {
            "note" => text.clone(),
            word => format!("{word}: {text}"),
        };
        group = group.element(Level::NOTE.message(message));
    }
    if !error.help.is_empty() {
        group = group.element(Level::HELP.message(error.help.as_str()));
    }
    Renderer::styled().render(&[group])
}

fn located<'a>(
    title: annotate_snippets::Title<'a>,
    place: &'a ShownPlace,
) -> annotate_snippets::Group<'a> {
    let path = place.path.as_str();
    let (Some(position), Some(line)) = (place.position, &place.line) else {
        return title.element(Origin::path(path));
    };
    let span = caret(line, position);
    let snippet = Snippet::source(line.as_str())
        .path(path)
        .line_start(position.line)
        .annotation(AnnotationKind::Primary.span(span));
    title.element(snippet)
}

/// The bytes of the character at a position in its line.
fn caret(line: &str, position: Position) -> std::ops::Range<usize> {
    let mut characters = line.char_indices().skip(position.column.saturating_sub(1));
    match characters.next() {
        Some((start, character)) => start..start + character.len_utf8(),
        None => line.len()..line.len(),
    }
}

/// An error as data.
pub(crate) fn json(error: &Shown) -> Value {
    let notes: serde_json::Map<String, Value> = error
        .notes
        .iter()
        .map(|(word, text)| ((*word).to_owned(), json!(text)))
        .collect();
    json!({
        "code": error.code.as_str(),
        "message": error.message,
        "path": error.place.as_ref().map(|place| &place.path),
        "line": position(error).map(|position| position.line),
        "column": position(error).map(|position| position.column),
        "notes": notes,
        "help": error.help,
    })
}

/// A usage error as data; such an error has no code.
pub(crate) fn usage(error: &clap::Error) -> Value {
    json!({
        "code": null,
        "message": first_paragraph(&error.render().to_string()),
        "path": null,
        "line": null,
        "column": null,
        "notes": {},
        "help": "`migrator help COMMAND` shows what a command takes",
    })
}

fn first_paragraph(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let paragraph = lines.join(" ");
    let message = paragraph.strip_prefix("error: ").unwrap_or(&paragraph);
    message.to_owned()
}

fn position(error: &Shown) -> Option<Position> {
    error.place.as_ref()?.position
}

/// A finding in the tree, with the line it is on.
pub(crate) fn finding(diagnostic: &Diagnostic, line: Option<String>) -> Shown {
    Shown {
        code: diagnostic.code,
        message: diagnostic.message.clone(),
        place: Some(ShownPlace {
            path: diagnostic.place.path.clone(),
            position: diagnostic.place.position,
            line,
        }),
        notes: Vec::new(),
        help: diagnostic.help.clone(),
    }
}
