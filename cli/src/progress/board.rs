//! What runs now and since when: the lines of the display, as text.
//!
//! It knows no terminal and no clock: the caller passes the time and the width.

use std::time::{Duration, Instant};

use migrator_model::untrusted::one_line;
use unicode_width::UnicodeWidthStr;

use crate::console::Size;

use super::text::{bar, clock, shorten};

/// A step, a database or another piece of work younger than this is not shown.
const YOUNG: Duration = Duration::from_millis(300);

/// How often work that takes long is reported without a terminal.
pub(crate) const EVERY: Duration = Duration::from_secs(10);

/// How many lines of running work are shown.
const MOST: usize = 10;

/// What runs now.
#[derive(Debug, Default)]
pub(crate) struct Board {
    rows: Vec<Row>,
    plan: Option<Plan>,
}

/// A piece of work that runs.
#[derive(Debug)]
struct Row {
    name: String,
    since: Instant,
    /// What the work waits for, or what it does.
    detail: Option<String>,
    /// How many times the work was reported.
    reports: u32,
}

/// How much work there is in all.
#[derive(Debug)]
struct Plan {
    since: Instant,
    /// What is counted, such as `migration`.
    unit: &'static str,
    /// `None` if nobody knows.
    total: Option<usize>,
    done: usize,
}

impl Board {
    /// Work starts. If it runs already, it starts again.
    pub(crate) fn start(&mut self, name: &str, now: Instant) {
        self.end(name);
        self.rows.push(Row {
            name: name.to_owned(),
            since: now,
            detail: None,
            reports: 0,
        });
    }

    /// Sets what a piece of work waits for, or what it does. Ignores work that does not run.
    pub(crate) fn detail(&mut self, name: &str, detail: Option<String>) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            row.detail = detail;
        }
    }

    /// Work ends.
    pub(crate) fn end(&mut self, name: &str) {
        self.rows.retain(|row| row.name != name);
    }

    /// Counts work from now on: `total` pieces, if that is known.
    pub(crate) fn plan(&mut self, unit: &'static str, total: Option<usize>, now: Instant) {
        self.plan = Some(Plan {
            since: now,
            unit,
            total,
            done: 0,
        });
    }

    /// Sets how many pieces there are in all.
    pub(crate) fn set_total(&mut self, total: usize) {
        if let Some(plan) = &mut self.plan {
            plan.total = Some(total);
        }
    }

    /// A piece of the planned work is done.
    pub(crate) fn advance(&mut self) {
        if let Some(plan) = &mut self.plan {
            plan.done += 1;
        }
    }

    /// Whether nothing runs, and no planned step follows.
    pub(crate) fn is_idle(&self) -> bool {
        let plan = self.plan.as_ref();
        let follows = plan.is_some_and(|plan| plan.total.is_some_and(|total| plan.done < total));
        self.rows.is_empty() && !follows
    }

    /// Ends everything.
    pub(crate) fn clear(&mut self) {
        *self = Board::default();
    }

    /// The lines for a terminal of this size: the running work, and the bar over the plan.
    pub(crate) fn lines(&self, now: Instant, size: Size) -> Vec<String> {
        let plan = self.plan.as_ref();
        let bar = plan.and_then(|plan| plan.line(now, size));
        let age = |row: &&Row| now.saturating_duration_since(row.since) >= YOUNG;
        let rows = self.rows.iter().filter(age);
        let rows: Vec<Vec<String>> = rows.map(|row| row.lines(now, size)).collect();
        // The line of the prompt, the bar, and the line that counts the rest.
        let mut room = size.height.saturating_sub(3);
        let fits = |row: &&Vec<String>| {
            let fits = row.len() <= room;
            room = room.saturating_sub(row.len());
            fits
        };
        let shown: Vec<&Vec<String>> = rows.iter().take(MOST).take_while(fits).collect();
        let more = rows.len() - shown.len();
        let mut lines: Vec<String> = shown.into_iter().flatten().cloned().collect();
        if more > 0 {
            lines.push(shorten(
                &format!("and {more} more"),
                size.width,
                size.charset,
            ));
        }
        lines.extend(bar);
        lines
    }

    /// The work that has run for another ten seconds since its last report.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<String> {
        let plan = self.plan.as_ref().and_then(Plan::count);
        let mut notes = Vec::new();
        for row in &mut self.rows {
            let age = now.saturating_duration_since(row.since);
            if age < EVERY * (row.reports + 1) {
                continue;
            }
            let periods = age.as_secs() / EVERY.as_secs();
            row.reports = u32::try_from(periods).unwrap_or(u32::MAX);
            let mut note = format!("{}: running for {}", row.name, clock(EVERY * row.reports));
            for more in [&row.detail, &plan].into_iter().flatten() {
                note.push_str("; ");
                note.push_str(more);
            }
            notes.push(note);
        }
        notes
    }
}

impl Row {
    /// One line, or two if the detail needs a line of its own.
    fn lines(&self, now: Instant, size: Size) -> Vec<String> {
        let Size { width, charset, .. } = size;
        let cut = |text: &str, width| shorten(text, width, charset);
        let age = clock(now.saturating_duration_since(self.since));
        let room = width.saturating_sub(age.len() + 2);
        let line = format!("{}  {age}", cut(&one_line(&self.name), room));
        let Some(detail) = self.detail.as_deref().map(one_line) else {
            return vec![cut(&line, width)];
        };
        let both = charset.shown(&format!("{line}  {detail}")).into_owned();
        match both.width() <= width {
            true => vec![both],
            false => vec![cut(&line, width), cut(&format!("    {detail}"), width)],
        }
    }
}

impl Plan {
    /// `3 of 11 migrations done`.
    fn count(&self) -> Option<String> {
        let total = self.total.filter(|total| *total > 1)?;
        Some(format!("{} of {total} {}s done", self.done, self.unit))
    }

    fn line(&self, now: Instant, size: Size) -> Option<String> {
        let age = now.saturating_duration_since(self.since);
        if age < YOUNG {
            return None;
        }
        let unit = self.unit;
        let line = match self.total {
            Some(0 | 1) => return None,
            Some(total) => {
                let mut text = format!("{} of {total} {unit}s, {}", self.done, clock(age));
                if let Some(left) = self.left(age, total) {
                    text = format!("{text}, about {} left", clock(left));
                }
                let room = size.width.saturating_sub(text.len() + 3).min(30);
                match room < 5 {
                    true => text,
                    false => format!("{} {text}", bar(self.done, total, room)),
                }
            }
            None => format!("{} {unit}s done, {}", self.done, clock(age)),
        };
        Some(shorten(&line, size.width, size.charset))
    }

    /// The time left, if the rest takes as long as what is done. `None` while that is a guess from
    /// less than a second.
    fn left(&self, age: Duration, total: usize) -> Option<Duration> {
        let left = total.checked_sub(self.done)?;
        if self.done == 0 || left == 0 || age < Duration::from_secs(1) {
            return None;
        }
        let (done, left) = (u32::try_from(self.done).ok()?, u32::try_from(left).ok()?);
        Some(age.checked_mul(left)? / done)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Board;
    use crate::charset::Charset;
    use crate::console::Size;

    fn wide(width: usize) -> Size {
        sized(width, 24)
    }

    fn sized(width: usize, height: usize) -> Size {
        Size {
            width,
            height,
            charset: Charset::Unicode,
        }
    }

    fn board(now: Instant) -> Board {
        let mut board = Board::default();
        board.plan("migration", Some(11), now);
        board.start("tenant/20240101120000_create_tenants", now);
        board.start("core/20240102120000_add_index", now);
        board.start("auth/20240103120000_quick", now + Duration::from_secs(12));
        board.detail(
            "core/20240102120000_add_index",
            Some("waiting behind `psql` (pid 4711, role app), at `LOCK TABLE t`".to_owned()),
        );
        for _ in 0..3 {
            board.advance();
        }
        board
    }

    #[test]
    fn each_running_step_has_a_line_and_the_plan_has_a_bar() {
        let now = Instant::now();
        let lines = board(now).lines(now + Duration::from_millis(12_200), wide(60));
        insta::assert_snapshot!(lines.join("\n"), @r"
        tenant/20240101120000_create_tenants  12 s
        core/20240102120000_add_index  12 s
            waiting behind `psql` (pid 4711, role app), at `LOCK TA…
        [====>           ] 3 of 11 migrations, 12 s, about 32 s left
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let now = Instant::now();
        for width in 0..100 {
            for line in board(now).lines(now + Duration::from_secs(70), wide(width)) {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_terminal_without_utf_8_gets_ascii() {
        let now = Instant::now();
        let size = Size {
            charset: Charset::Ascii,
            ..wide(60)
        };
        let lines = board(now).lines(now + Duration::from_secs(12), size);
        assert!(lines[2].ends_with("at `LOCK ..."), "{}", lines[2]);
        assert!(lines.iter().all(|line| line.is_ascii()), "{lines:?}");
    }

    #[test]
    fn a_short_detail_is_on_the_line_of_its_database() {
        let now = Instant::now();
        let mut board = Board::default();
        board.start("t1", now);
        board.detail("t1", Some("running core/1_a".to_owned()));
        let lines = |width| board.lines(now + Duration::from_secs(1), wide(width));
        assert_eq!(lines(25), ["t1  1 s  running core/1_a"]);
        assert_eq!(lines(24), ["t1  1 s", "    running core/1_a"]);
    }

    #[test]
    fn many_databases_are_cut_to_ten_lines_or_the_height_of_the_terminal() {
        let now = Instant::now();
        let mut board = Board::default();
        board.plan("database", None, now);
        for number in 0..31 {
            board.start(&format!("t{number:02}"), now);
        }
        let lines = |height| board.lines(now + Duration::from_secs(1), sized(80, height));
        assert_eq!(lines(24).len(), 12);
        assert_eq!(
            lines(24)[9..],
            ["t09  1 s", "and 21 more", "0 databases done, 1 s"]
        );
        assert_eq!(
            lines(5),
            [
                "t00  1 s",
                "t01  1 s",
                "and 29 more",
                "0 databases done, 1 s"
            ]
        );
    }

    #[test]
    fn a_list_of_databases_has_a_bar_when_its_length_is_known() {
        let now = Instant::now();
        let mut board = Board::default();
        board.plan("database", None, now);
        board.start("t01", now);
        board.advance();
        let last = |board: &Board| board.lines(now + Duration::from_secs(2), wide(60)).pop();
        assert_eq!(last(&board).as_deref(), Some("1 databases done, 2 s"));
        board.set_total(31);
        let bar = "[>            ] 1 of 31 databases, 2 s, about 1 min 0 s left";
        assert_eq!(last(&board).as_deref(), Some(bar));
        assert!(!board.is_idle());
    }

    #[test]
    fn a_step_is_reported_every_ten_seconds() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut board = board(now);
        assert!(board.overdue(after(9)).is_empty());
        let first = board.overdue(after(10));
        assert_eq!(
            first,
            [
                "tenant/20240101120000_create_tenants: running for 10 s; 3 of 11 migrations done",
                "core/20240102120000_add_index: running for 10 s; waiting behind `psql` (pid 4711, \
                 role app), at `LOCK TABLE t`; 3 of 11 migrations done",
            ]
        );
        assert!(board.overdue(after(19)).is_empty());
        board.end("core/20240102120000_add_index");
        // The process was stopped meanwhile.
        let later = board.overdue(after(75));
        assert_eq!(later.len(), 2);
        assert!(later[0].contains("running for 1 min 10 s"), "{later:?}");
        assert!(board.overdue(after(79)).is_empty());
    }
}
