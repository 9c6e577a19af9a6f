//! Whether the output of a command is what a page shows.
//!
//! Versions of migrations, times, databases, processes and the version of the server may differ. In a page, `…`
//! stands for any text in a line, and a line that has only `…` stands for any number of lines.

/// Whether the lines of an output are those of a page.
pub(crate) fn alike(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=printed.len()).any(|skipped| alike(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed.split_first().is_some_and(|(line, others)| {
            fits(&general(first), &general(line)) && alike(rest, others)
        }),
    }
}

/// Whether a line has the parts between each `…`, in order.
fn fits(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// The line without the values that differ between runs.
fn general(line: &str) -> String {
    let mut words: Vec<String> = line.trim_end().split(' ').map(word).collect();
    for at in 1..words.len() {
        let unit = words[at].trim_end_matches([',', ')', ':']).to_owned();
        let number = words[at - 1].trim_start_matches('(').to_owned();
        let is_number = number.parse::<f64>().is_ok();
        if is_number && ["ms", "s", "min"].contains(&unit.as_str()) {
            words[at - 1] = words[at - 1].replace(&number, "TIME");
            words[at] = words[at].replacen(&unit, "unit", 1);
        }
        if words[at - 1] == "(pid" {
            words[at] = String::from("PROCESS,");
        }
        if words[at - 1] == "since" && words[at].len() == "2026-11-30".len() {
            words[at] = String::from("DAY");
            if let Some(time) = words.get_mut(at + 1) {
                *time = String::from("TIME");
            }
        }
        if words[at - 1] == "PostgreSQL" && words[at].starts_with(|c: char| c.is_ascii_digit()) {
            words[at] = String::from("MAJOR");
        }
    }
    // A minute or more is two numbers with a unit each.
    let line = words.join(" ").replace("TIME unit TIME unit", "TIME unit");
    // A step shows no time if two answers arrive together.
    match line.strip_suffix(" (TIME unit)") {
        Some(step) if step.starts_with("applied ") || step.starts_with("reverted ") => {
            step.to_owned()
        }
        _ => line,
    }
}

/// A word without the values that differ between runs.
fn word(word: &str) -> String {
    if is_time(word) {
        return String::from("TIME");
    }
    if let Some(start) = word.find("postgresql://") {
        let end = word[start..].find(['`', ')', ',']);
        let end = end.map_or("", |end| &word[start + end..]);
        return format!("{}DATABASE{end}", &word[..start]);
    }
    let mut text = String::new();
    let mut rest = word;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(number.len());
        let (digits, after) = number.split_at(end);
        text.push_str(before);
        rest = after;
        if digits.len() == 14 {
            text.push_str("VERSION");
            rest = after
                .strip_prefix('_')
                .and_then(|uid| uid.get(8..))
                .unwrap_or(after);
        } else {
            text.push_str(digits);
        }
    }
    text.push_str(rest);
    text
}

/// Whether a word is a time such as `2026-11-30T10:02:31.004Z`.
fn is_time(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let shape: String = word.chars().filter(|c| !c.is_ascii_digit()).collect();
    shape == "--T::.Z" && digits == 17
}

#[test]
fn only_versions_times_and_databases_may_differ() {
    let like = |shown: &str, printed: &str| {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<String>>();
        alike(&lines(shown), &lines(printed))
    };
    assert!(like(
        "applied shop/20240101120000_0a1b2c3d_orders (2 ms)\n1 migration in 3 ms on postgresql://a@b/c",
        "applied shop/20250101120000_5f5f5f5f_orders\n1 migration in 1.2 s on postgresql://x?port=1"
    ));
    assert!(like("note: PostgreSQL 15.20", "note: PostgreSQL 13.1"));
    assert!(like(
        "behind `psql` (pid 4711, role a, since 2026-11-30 10:02:31 UTC)",
        "behind `psql` (pid 5, role a, since 2027-01-01 00:00:00 UTC)"
    ));
    assert!(like("first\n…\nlast … end", "first\n1\n2\nlast in the end"));
    assert!(like(
        "2026-11-30T10:02:31.004Z INFO",
        "2031-01-02T03:04:05.678Z INFO"
    ));
    assert!(!like("2 migrations in 3 ms", "3 migrations in 3 ms"));
    assert!(!like(
        "applied shop/20240101120000_0a1b2c3d_orders",
        "applied shop/20240101120000_0a1b2c3d_lines"
    ));
    assert!(!like("first", "first\nsecond"));
    assert!(!like("first\n…\nlast", "first"));
}
