//! The only module that writes to the standard streams: results to standard output; notes,
//! warnings, errors and questions to standard error, and what runs now at the bottom of a terminal.

mod entry;
mod screen;

use std::env;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use migrator_model::untrusted::lines;

use crate::arguments::{Format, LogFormat, Loudness};
use crate::charset;
use crate::exit::Exit;
use crate::line::Line;
use crate::name;
pub(crate) use entry::{Entry, Level};
use screen::Screen;
pub(crate) use screen::Size;

/// How a user sees what runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// As lines at the bottom of a terminal, which change.
    Lines,
    /// As a note from time to time: the streams are no terminal, or the terminal cannot change lines.
    Notes,
    /// Not at all, with `--quiet`.
    Nothing,
}

/// The standard streams, and what the user wants to see on them.
#[derive(Clone)]
pub(crate) struct Console {
    format: Format,
    loudness: Loudness,
    color: ColorChoice,
    /// How standard error is written, if it is a log.
    log: Option<LogFormat>,
    /// Whether the log has the events of the crate `tracing`.
    logs_events: bool,
    /// Whether a result could not be written.
    broken: Arc<AtomicBool>,
    display: Display,
    screen: Arc<Screen>,
}

impl Console {
    pub(crate) fn new(format: Format, loudness: Loudness, color: clap::ColorChoice) -> Console {
        let color = match color {
            clap::ColorChoice::Auto => ColorChoice::Auto,
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        color.write_global();
        charset::decide();
        Console {
            format,
            loudness,
            color,
            log: None,
            logs_events: false,
            broken: Arc::default(),
            display: display(format, loudness),
            screen: Arc::default(),
        }
    }

    /// The same console, with standard error as a log.
    pub(crate) fn with_log(self, format: LogFormat) -> Console {
        let display = match self.display {
            Display::Lines | Display::Notes => Display::Notes,
            Display::Nothing => Display::Nothing,
        };
        Console {
            log: Some(format),
            logs_events: true,
            display,
            ..self
        }
    }

    /// The same console, with a log that has notes instead of the events of the crate `tracing`.
    pub(crate) fn without_events(self) -> Console {
        Console {
            logs_events: false,
            ..self
        }
    }

    /// Whether the log has the events of a run, so that notes about them would say them twice.
    pub(crate) fn logs_events(&self) -> bool {
        self.logs_events
    }

    /// Whether standard error is a log.
    pub(crate) fn is_log(&self) -> bool {
        self.log.is_some()
    }

    /// How the user sees what runs now.
    pub(crate) fn display(&self) -> Display {
        self.display
    }

    /// Shows lines at the bottom of the terminal, instead of the ones before. The closure gets the
    /// size of the terminal.
    pub(crate) fn draw(&self, lines: impl FnOnce(Size) -> Vec<String>) {
        self.screen.draw(lines);
    }

    /// Removes the lines at the bottom of the terminal.
    pub(crate) fn erase(&self) {
        self.screen.erase();
    }

    /// The format of the results.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// The number of columns of the terminal that shows the results; `None` if there is none.
    pub(crate) fn columns(&self) -> Option<usize> {
        let stdout = io::stdout();
        let is_shown = self.format == Format::Text && stdout.is_terminal();
        let (width, _) = is_shown
            .then(|| terminal_size::terminal_size_of(stdout))
            .flatten()?;
        Some(width.0.into()).filter(|columns| *columns > 0)
    }

    /// Prints a line if the user wants to see it in this format.
    pub(crate) fn print(&self, line: &Line) {
        let is_text = self.format == Format::Text;
        let is_loud = self.loudness == Loudness::Normal;
        match line {
            Line::Result(text) if is_text && self.loudness != Loudness::Errors => self.write(text),
            Line::Detail(text) if is_text && is_loud => self.write(text),
            Line::Failure(text) if is_text => self.stderr(Level::Error, text),
            Line::Finding(text) if self.format != Format::Github => {
                self.stderr(Level::Warn, text);
            }
            Line::Error(text) => self.stderr(Level::Error, text),
            Line::Note(text) if is_loud => {
                self.labelled(Level::Info, "note", AnsiColor::Cyan, text);
            }
            Line::Warning(text) if is_loud => {
                self.labelled(Level::Warn, "warning", AnsiColor::Yellow, text);
            }
            Line::Result(_)
            | Line::Detail(_)
            | Line::Failure(_)
            | Line::Finding(_)
            | Line::Note(_)
            | Line::Warning(_) => {}
        }
    }

    /// Prints several lines.
    pub(crate) fn print_all(&self, lines: &[Line]) {
        for line in lines {
            self.print(line);
        }
    }

    /// Prints a note.
    pub(crate) fn note(&self, text: &str) {
        self.print(&Line::note(text));
    }

    /// Prints a warning.
    pub(crate) fn warning(&self, text: &str) {
        self.print(&Line::warning(text));
    }

    /// Shows a message to the server.
    pub(crate) fn sent(&self, text: &str) {
        if self.is_log() {
            let mut entry = Entry::of(Level::Debug, "sent");
            entry.set("sql", text.into());
            self.log_event(&entry);
        } else {
            self.labelled(Level::Debug, "sent", AnsiColor::Blue, text);
        }
    }

    /// Whether there is a user who can answer a question.
    pub(crate) fn is_interactive(&self) -> bool {
        self.format == Format::Text && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question, and waits for the answer. `y` and `yes` are yes.
    pub(crate) fn ask(question: &str) -> bool {
        let mut stderr = io::stderr();
        let question = charset::of_stderr().shown(question);
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let answer = answer.trim().to_lowercase();
        asked.is_ok() && read.is_ok() && matches!(answer.as_str(), "y" | "yes")
    }

    /// Writes a part of the results, as it is, to standard output.
    pub(crate) fn write(&self, text: &str) {
        let mut stdout = AutoStream::new(io::stdout(), self.choice(&io::stdout()));
        let charset = charset::of_stdout();
        let text = match self.format {
            Format::Text => charset.shown(&name::called(text)).into_owned(),
            Format::Json | Format::Jsonl | Format::Sarif => charset.json(text).into_owned(),
            Format::Github | Format::Markdown => charset.shown(text).into_owned(),
        };
        let Err(error) = self.screen.above(|| writeln!(stdout, "{text}")) else {
            return;
        };
        let is_first = !self.broken.swap(true, Ordering::Relaxed);
        // Whoever closed a pipe knows that it is closed.
        if is_first && error.kind() != io::ErrorKind::BrokenPipe {
            let style = AnsiColor::BrightRed.on_default().bold();
            self.stderr(
                Level::Error,
                &format!("{style}error{style:#}: cannot write to standard output: {error}"),
            );
        }
    }

    /// The exit code of the process: a command whose results could not be written has failed.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        match (self.broken.load(Ordering::Relaxed), exit) {
            (true, Exit::Done) => Exit::Failed,
            _ => exit,
        }
    }

    /// Writes an event to the log. `--quiet` leaves out what is no error.
    pub(crate) fn log_event(&self, entry: &Entry) {
        if self.loudness == Loudness::Normal || entry.level() == Level::Error {
            self.write_log(entry);
        }
    }

    fn write_log(&self, entry: &Entry) {
        let Some(format) = self.log else {
            return;
        };
        let line = entry.line(format);
        match format {
            LogFormat::Text => self.write_stderr(&line),
            LogFormat::Json => self.write_stderr(&charset::of_stderr().json(&line)),
        }
    }

    fn labelled(&self, level: Level, label: &str, color: AnsiColor, text: &str) {
        let style: Style = color.on_default().bold();
        match self.log {
            Some(_) => self.stderr(level, text),
            None => self.stderr(level, &format!("{style}{label}{style:#}: {text}")),
        }
    }

    fn stderr(&self, level: Level, text: &str) {
        let text = name::called(text);
        if self.is_log() {
            self.write_log(&Entry::of(level, &strip_str(&text).to_string()));
        } else {
            self.write_stderr(&text);
        }
    }

    fn write_stderr(&self, text: &str) {
        let text = lines(text);
        let text = charset::of_stderr().shown(&text);
        let mut stderr = AutoStream::new(io::stderr(), self.choice(&io::stderr()));
        // If standard error is closed, nobody can read the message.
        let _ = self.screen.above(|| writeln!(stderr, "{text}"));
    }

    fn choice(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.color {
            ColorChoice::Auto => AutoStream::choice(stream),
            choice @ (ColorChoice::AlwaysAnsi | ColorChoice::Always | ColorChoice::Never) => choice,
        }
    }
}

fn display(format: Format, loudness: Loudness) -> Display {
    if loudness != Loudness::Normal {
        return Display::Nothing;
    }
    // A program that reads results from a pipe may write them to the same terminal, over the lines.
    // A JSON document follows after the lines are removed.
    let writes_alone = io::stdout().is_terminal() || format == Format::Json;
    let moves_cursor = env::var_os("TERM").is_none_or(|term| term != "dumb");
    match io::stderr().is_terminal() && writes_alone && moves_cursor {
        true => Display::Lines,
        false => Display::Notes,
    }
}
