//! Lines at the bottom of a terminal that change while a command runs. What the console prints
//! meanwhile goes above them.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::charset::{self, Charset};

/// The width of a terminal that does not say its size.
const WIDTH: u16 = 80;

/// The size of a terminal in characters, and which characters it shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) charset: Charset,
}

/// The lines on standard error.
#[derive(Default)]
pub(super) struct Screen(Mutex<Option<Shown>>);

struct Shown {
    all: MultiProgress,
    /// One bar has all lines as its message.
    lines: ProgressBar,
}

impl Screen {
    /// Writes what changes the terminal otherwise. The lines are removed meanwhile.
    pub(super) fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        match &*self.shown() {
            Some(shown) => shown.all.suspend(write),
            None => write(),
        }
    }

    /// Shows these lines instead of the ones before. The closure gets the size of the terminal.
    pub(super) fn draw(&self, lines: impl FnOnce(Size) -> Vec<String>) {
        let mut shown = self.shown();
        // The last column stays free: some terminals break a line after it.
        let lines = lines(Size {
            width: usize::from(Terminal.width()).saturating_sub(1),
            height: usize::from(Terminal.height()),
            charset: charset::of_stderr(),
        });
        if lines.is_empty() {
            erase(&mut shown);
            return;
        }
        let shown = shown.get_or_insert_with(Shown::new);
        shown.lines.set_message(lines.join("\n"));
    }

    /// Removes the lines.
    pub(super) fn erase(&self) {
        erase(&mut self.shown());
    }

    fn shown(&self) -> MutexGuard<'_, Option<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn erase(shown: &mut Option<Shown>) {
    if let Some(shown) = shown.take() {
        shown.lines.finish_and_clear();
    }
}

impl Shown {
    fn new() -> Shown {
        let target = ProgressDrawTarget::term_like(Box::new(Terminal));
        let all = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template("{msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let lines = all.add(ProgressBar::new_spinner().with_style(style));
        Shown { all, lines }
    }
}

/// The terminal that standard error is. No method fails: if the terminal is gone, nobody can read
/// the lines.
#[derive(Debug)]
struct Terminal;

impl Terminal {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "every method of the trait returns a result"
    )]
    fn write(text: &str) -> io::Result<()> {
        let text = charset::of_stderr().shown(text);
        let _ = io::stderr().write_all(text.as_bytes());
        Ok(())
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        size().map_or(WIDTH, |(width, _)| width)
    }

    fn height(&self) -> u16 {
        size().map_or(u16::MAX, |(_, height)| height)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        moved(lines, 'A')
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        moved(lines, 'B')
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        moved(columns, 'C')
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        moved(columns, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        Terminal::write(&format!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        Terminal::write(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        Terminal::write("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

fn moved(by: usize, direction: char) -> io::Result<()> {
    match by {
        0 => Ok(()),
        by => Terminal::write(&format!("\x1b[{by}{direction}")),
    }
}

/// The columns and lines of the terminal.
fn size() -> Option<(u16, u16)> {
    let (width, height) = terminal_size::terminal_size_of(io::stderr())?;
    // A terminal of some services says that it has no column.
    (width.0 > 0).then_some((width.0, height.0))
}
