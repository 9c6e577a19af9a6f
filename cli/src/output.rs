//! The one file that prints: results on standard output, notes, progress and
//! errors on standard error; or one JSON document on standard output.

use std::io::{self, BufRead, IsTerminal, Write};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use migrator_model::untrusted::{lines, one_line};
use serde_json::{Map, Value, json};

use crate::args::Format;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::secret::without_settings;

/// Where a command's results, notes and errors go.
pub(crate) struct Output {
    printer: Printer,
    document: Map<String, Value>,
    /// A member that is a list of any length, each item as the text of its JSON.
    rows: Option<(&'static str, Vec<Box<str>>)>,
}

/// The part of it that can be handed to whoever tells of progress.
#[derive(Clone)]
pub(crate) struct Printer {
    format: Format,
    quiet: bool,
    color: ColorChoice,
    /// Whether a result could not be written.
    broken: Arc<AtomicBool>,
}

/// How a result's first word looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Plain,
    Warn,
    Bad,
}

impl Output {
    pub(crate) fn new(format: Format, quiet: bool, color: clap::ColorChoice) -> Output {
        let color = match color {
            clap::ColorChoice::Auto => ColorChoice::Auto,
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        color.write_global();
        Output {
            printer: Printer {
                format,
                quiet,
                color,
                broken: Arc::default(),
            },
            document: Map::new(),
            rows: None,
        }
    }

    /// A printer for progress.
    pub(crate) fn printer(&self) -> Printer {
        self.printer.clone()
    }

    /// A member of the JSON document; nothing with text.
    pub(crate) fn member(&mut self, name: &str, value: Value) {
        self.document.insert(name.to_owned(), value);
    }

    /// A member that is a list, each item as the text of its JSON: as values they
    /// would take eight times the memory.
    pub(crate) fn rows(&mut self, name: &'static str, rows: Vec<Box<str>>) {
        self.rows = Some((name, rows));
    }

    /// Why the command failed.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        let errors: Vec<Value> = failure.errors.iter().map(render::json).collect();
        self.member("errors", Value::Array(errors));
        let texts: Vec<String> = failure.errors.iter().map(render::text).collect();
        self.stderr(&texts.join("\n\n"));
    }

    /// Findings, with a blank line between them, on standard error.
    pub(crate) fn report(&self, findings: &[String]) {
        if !findings.is_empty() {
            self.stderr(&findings.join("\n\n"));
        }
    }

    /// What the arguments ask for or lack: help and version are results, the rest
    /// is a usage error.
    pub(crate) fn usage(mut self, error: &clap::Error) -> Exit {
        let text = without_settings(&error.render().ansi().to_string());
        if error.use_stderr() {
            self.stderr(text.trim_end());
            self.member("errors", json!([render::usage(error)]));
            return self.finish(Exit::Usage);
        }
        self.write(text.trim_end());
        self.written(Exit::Done)
    }

    /// The whole of standard output, in a form that is the command's own.
    pub(crate) fn document(&self, text: &str) {
        self.write(text);
    }

    /// Asks a question; yes is `y` or `yes`.
    pub(crate) fn ask(question: &str) -> bool {
        let mut stderr = io::stderr();
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let answer = answer.trim().to_lowercase();
        asked.is_ok() && read.is_ok() && matches!(answer.as_str(), "y" | "yes")
    }

    /// Prints the JSON document, if it is wanted, and says how the process ends:
    /// results that could not be written are a failure.
    pub(crate) fn finish(mut self, exit: Exit) -> Exit {
        if self.format == Format::Json {
            self.member("exit", json!(exit as u8));
            self.print();
        }
        self.written(exit)
    }

    /// Prints the document, a member after the other, as `serde_json` prints a whole one.
    fn print(&mut self) {
        let mut members = std::mem::take(&mut self.document);
        let rows = self.rows.take();
        if let Some((name, _)) = &rows {
            members.insert((*name).to_owned(), Value::Null);
        }
        let end = members.len().saturating_sub(1);
        self.write("{");
        for (index, (name, value)) in members.iter().enumerate() {
            let comma = if index < end { "," } else { "" };
            match rows.as_ref().filter(|(of, _)| of == name) {
                Some((_, rows)) => self.list(name, rows, comma),
                None => {
                    // A line break within a string is escaped.
                    let value = format!("{value:#}").replace('\n', "\n  ");
                    self.write(&format!("  \"{name}\": {value}{comma}"));
                }
            }
        }
        self.write("}");
    }

    fn list(&self, name: &str, rows: &[Box<str>], comma: &str) {
        let Some((last, rows)) = rows.split_last() else {
            return self.write(&format!("  \"{name}\": []{comma}"));
        };
        self.write(&format!("  \"{name}\": ["));
        for row in rows {
            self.write(&format!("    {row},"));
        }
        self.write(&format!("    {last}\n  ]{comma}"));
    }

    fn written(&self, exit: Exit) -> Exit {
        match (self.printer.broken.load(Ordering::Relaxed), exit) {
            (true, Exit::Done) => Exit::Failed,
            _ => exit,
        }
    }
}

impl Deref for Output {
    type Target = Printer;

    fn deref(&self) -> &Printer {
        &self.printer
    }
}

impl Printer {
    /// How results are printed.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// A line of the result, or several; nothing with JSON. No control character reaches the
    /// terminal but a line break or a colour.
    pub(crate) fn line(&self, text: &str) {
        self.verbatim(&lines(text));
    }

    /// Text of the result that a program reads, byte by byte; nothing with JSON.
    pub(crate) fn verbatim(&self, text: &str) {
        if self.format == Format::Text {
            self.write(text);
        }
    }

    /// A line of the result that starts with a word; not with `--quiet`.
    pub(crate) fn detail(&self, tone: Tone, word: &str, rest: &str) {
        if !self.quiet {
            self.result(tone, word, rest);
        }
    }

    /// A line of the result that starts with a word.
    pub(crate) fn result(&self, tone: Tone, word: &str, rest: &str) {
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Plain => Style::new(),
            Tone::Warn => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
        };
        self.line(&format!("{style}{word}{style:#} {}", one_line(rest)));
    }

    /// What may be of use and is no result.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            let style = AnsiColor::Cyan.on_default().bold();
            self.stderr(&format!("{style}note{style:#}: {}", one_line(text)));
        }
    }

    /// What may be wrong and stops nothing.
    pub(crate) fn warning(&self, text: &str) {
        let style = AnsiColor::Yellow.on_default().bold();
        self.stderr(&format!("{style}warning{style:#}: {}", one_line(text)));
    }

    /// Whether there is somebody to ask.
    pub(crate) fn is_interactive(&self) -> bool {
        self.format == Format::Text && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Why a command that is still not over ends now; with JSON, as a document without
    /// results.
    pub(crate) fn last(&self, failure: &Failure) {
        let errors: Vec<Value> = failure.errors.iter().map(render::json).collect();
        let texts: Vec<String> = failure.errors.iter().map(render::text).collect();
        self.stderr(&texts.join("\n\n"));
        if self.format == Format::Json {
            let document = json!({ "errors": errors, "exit": failure.exit as u8 });
            self.write(&format!("{document:#}"));
        }
    }

    fn write(&self, text: &str) {
        let mut stdout = AutoStream::new(io::stdout(), self.choice(&io::stdout()));
        let Err(error) = writeln!(stdout, "{text}") else {
            return;
        };
        let is_first = !self.broken.swap(true, Ordering::Relaxed);
        // Who closed the pipe knows.
        if is_first && error.kind() != io::ErrorKind::BrokenPipe {
            let style = AnsiColor::BrightRed.on_default().bold();
            self.stderr(&format!(
                "{style}error{style:#}: cannot write to standard output: {error}"
            ));
        }
    }

    fn stderr(&self, text: &str) {
        let text = lines(text);
        let mut stderr = AutoStream::new(io::stderr(), self.choice(&io::stderr()));
        // If it cannot be written, there is no one to tell.
        let _ = writeln!(stderr, "{text}");
    }

    fn choice(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.color {
            ColorChoice::Auto => AutoStream::choice(stream),
            choice @ (ColorChoice::AlwaysAnsi | ColorChoice::Always | ColorChoice::Never) => choice,
        }
    }
}
