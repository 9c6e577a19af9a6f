//! How two texts differ, line by line, in the unified form of `diff -u`.

use std::fmt::Write as _;
use std::ops::Range;

/// So many lines around a change are shown.
const CONTEXT: usize = 3;

/// Beyond so many pairs of lines a change is shown as a whole.
const MOST: usize = 4_000_000;

/// The difference between what is recorded and what is in a file now; empty if there
/// is none.
pub(crate) fn unified(path: &str, recorded: &str, now: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(recorded), lines(now));
    let changes = changes(&old, &new);
    if changes.is_empty() {
        return String::new();
    }
    let mut text = format!("--- {path} (as it was applied)\n+++ {path} (as it is now)\n");
    for hunk in hunks(&changes) {
        write_hunk(&mut text, hunk, &old, &new);
    }
    text
}

/// The lines with their ends, so that a last one without shows.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Lines that are replaced by others; either may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

/// What differs, by the longest common subsequence of what lies between the lines that
/// both begin and both end with.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[before..], &new[before..]);
    let pairs = old_rest.iter().rev().zip(new_rest.iter().rev());
    let after = pairs.take_while(|(a, b)| a == b).count();
    let (rows, columns) = (old_rest.len() - after, new_rest.len() - after);
    let whole = Change {
        old: before..before + rows,
        new: before..before + columns,
    };
    if rows == 0 && columns == 0 {
        return Vec::new();
    }
    if rows.saturating_mul(columns) > MOST {
        return vec![whole];
    }
    let common = common(&old_rest[..rows], &new_rest[..columns]);
    let mut changes = Vec::new();
    let (mut a, mut b) = (0, 0);
    for (x, y) in common.into_iter().chain([(rows, columns)]) {
        if a < x || b < y {
            changes.push(Change {
                old: before + a..before + x,
                new: before + b..before + y,
            });
        }
        (a, b) = (x + 1, y + 1);
    }
    changes
}

/// The places of the lines that stay.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            lengths[a * width + b] = if old[a] == new[b] {
                lengths[(a + 1) * width + b + 1] + 1
            } else {
                lengths[(a + 1) * width + b].max(lengths[a * width + b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    let mut common = Vec::new();
    while a < old.len() && b < new.len() {
        if old[a] == new[b] {
            common.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if lengths[(a + 1) * width + b] >= lengths[a * width + b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    common
}

/// Changes whose context touches are shown together.
fn hunks(changes: &[Change]) -> impl Iterator<Item = &[Change]> {
    changes.chunk_by(|a, b| b.old.start <= a.old.end + 2 * CONTEXT)
}

fn write_hunk(text: &mut String, hunk: &[Change], old: &[&str], new: &[&str]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return;
    };
    let lead = first.old.start.min(CONTEXT);
    let tail = (old.len() - last.old.end).min(CONTEXT);
    let shown_old = first.old.start - lead..last.old.end + tail;
    let shown_new = first.new.start - lead..last.new.end + tail;
    // Writing to a string does not fail.
    let _ = writeln!(text, "@@ -{} +{} @@", place(&shown_old), place(&shown_new));
    let mut at = shown_old.start;
    for change in hunk {
        write_lines(text, ' ', &old[at..change.old.start]);
        write_lines(text, '-', &old[change.old.clone()]);
        write_lines(text, '+', &new[change.new.clone()]);
        at = change.old.end;
    }
    write_lines(text, ' ', &old[at..shown_old.end]);
}

/// The first line and how many there are; of none, the line before.
fn place(shown: &Range<usize>) -> String {
    match shown.len() {
        0 => format!("{},0", shown.start),
        1 => format!("{}", shown.start + 1),
        length => format!("{},{length}", shown.start + 1),
    }
}

fn write_lines(text: &mut String, mark: char, lines: &[&str]) {
    for line in lines {
        text.push(mark);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{changes, lines, unified};

    #[test]
    fn a_change_is_shown_with_what_is_around_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh";
        assert_eq!(
            unified("x.sql", old, new),
            "--- x.sql (as it was applied)\n+++ x.sql (as it is now)\n\
             @@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n-h\n+h\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn changes_far_apart_are_shown_apart() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n";
        let new = old.replace("b\n", "B\n").replace("k\n", "");
        let shown = unified("x", old, &new);
        assert!(
            shown.contains("@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n"),
            "{shown}"
        );
        assert!(
            shown.ends_with("@@ -8,4 +8,3 @@\n h\n i\n j\n-k\n"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_against_something_is_all_of_it() {
        let shown = unified("x", "", "a\n");
        assert!(shown.ends_with("@@ -0,0 +1 @@\n+a\n"), "{shown}");
        assert_eq!(unified("x", "a\n", "a\n"), "");
    }

    proptest! {
        #[test]
        fn the_changes_make_the_one_of_the_other(old in "[abc\n]{0,40}", new in "[abc\n]{0,40}") {
            let (old, new) = (lines(&old), lines(&new));
            let mut made: Vec<&str> = Vec::new();
            let mut at = 0;
            for change in changes(&old, &new) {
                made.extend(&old[at..change.old.start]);
                prop_assert_eq!(made.len(), change.new.start);
                made.extend(&new[change.new.clone()]);
                at = change.old.end;
            }
            made.extend(&old[at..]);
            prop_assert_eq!(made, new);
        }
    }
}
