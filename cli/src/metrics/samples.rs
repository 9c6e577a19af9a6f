//! The samples of a file, and the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt;

/// A metric: its name, its type, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Metric {
    Runs,
    Applied,
    Reverted,
    LastRun,
    LastDuration,
    LastFailed,
    LastSuccess,
    Pending,
    Databases,
}

/// A label and its value.
pub(super) type Labels = Vec<(String, String)>;

/// The samples by metric and labels.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Samples(BTreeMap<(Metric, Labels), f64>);

impl Metric {
    const ALL: [Metric; 9] = [
        Metric::Runs,
        Metric::Applied,
        Metric::Reverted,
        Metric::LastRun,
        Metric::LastDuration,
        Metric::LastFailed,
        Metric::LastSuccess,
        Metric::Pending,
        Metric::Databases,
    ];

    /// Its name, its type and its description. docs/reference/log.md has the same table.
    fn described(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Metric::Runs => (
                "migrator_runs_total",
                "counter",
                "The commands that have ended, by result.",
            ),
            Metric::Applied => (
                "migrator_migrations_applied_total",
                "counter",
                "The migrations that these commands applied.",
            ),
            Metric::Reverted => (
                "migrator_migrations_reverted_total",
                "counter",
                "The migrations that these commands reverted.",
            ),
            Metric::LastRun => (
                "migrator_last_run_timestamp_seconds",
                "gauge",
                "When the last command ended.",
            ),
            Metric::LastDuration => (
                "migrator_last_run_duration_seconds",
                "gauge",
                "How long the last command took.",
            ),
            Metric::LastFailed => (
                "migrator_last_run_failed",
                "gauge",
                "1 if the last command failed, otherwise 0.",
            ),
            Metric::LastSuccess => (
                "migrator_last_success_timestamp_seconds",
                "gauge",
                "When the last successful command ended.",
            ),
            Metric::Pending => (
                "migrator_migrations_pending",
                "gauge",
                "The migrations of a service that were pending after the last command.",
            ),
            Metric::Databases => (
                "migrator_fleet_databases",
                "gauge",
                "The databases of a fleet, by their state after the last command.",
            ),
        }
    }
}

impl Samples {
    /// The samples of a file; `None` if the file has any other line.
    pub(super) fn parse(text: &str) -> Option<Samples> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| !line.is_empty());
        lines.map(sample).collect::<Option<_>>().map(Samples)
    }

    /// Sets a gauge.
    pub(super) fn set(&mut self, metric: Metric, labels: Labels, value: f64) {
        self.0.insert((metric, labels), value);
    }

    /// Adds to a counter.
    pub(super) fn add(&mut self, metric: Metric, labels: Labels, value: f64) {
        *self.0.entry((metric, labels)).or_default() += value;
    }

    /// Removes the samples of a metric that have these labels, the label `one`, and no other.
    pub(super) fn remove(&mut self, metric: Metric, labels: &Labels, one: &str) {
        self.0.retain(|(other, all), _| {
            *other != metric || !all.iter().filter(|(name, _)| name != one).eq(labels)
        });
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = None;
        for ((metric, labels), value) in &self.0 {
            let (name, kind, help) = metric.described();
            if last.replace(*metric) != Some(*metric) {
                writeln!(f, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
            }
            let labels: Vec<String> = labels.iter().map(label).collect();
            writeln!(f, "{name}{{{}}} {value}", labels.join(","))?;
        }
        Ok(())
    }
}

fn label((name, value): &(String, String)) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{name}=\"{}\"", value.replace('\n', "\\n"))
}

/// The sample of a line, such as `name{label="value"} 3`.
fn sample(line: &str) -> Option<((Metric, Labels), f64)> {
    let (name, rest) = line.split_once('{')?;
    let metric = Metric::ALL
        .into_iter()
        .find(|one| one.described().0 == name)?;
    let mut labels = Labels::new();
    let mut rest = rest;
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"")?;
        let (value, after) = unquoted(after)?;
        labels.push((label.to_owned(), value));
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    let value = rest.strip_prefix("} ")?.parse().ok()?;
    Some(((metric, labels), value))
}

/// The text up to the closing quote, and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, &text[at + 1..])),
            (_, '\\') => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            (_, other) => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, Metric, Samples};

    fn labels(all: &[(&str, &str)]) -> Labels {
        let all = all.iter();
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let mut samples = Samples::default();
        let odd = labels(&[("database", "a\"b\\n\nc,d}e"), ("command", "up")]);
        samples.add(Metric::Runs, odd.clone(), 1.0);
        samples.add(Metric::Runs, odd, 2.0);
        samples.set(Metric::LastDuration, labels(&[("command", "up")]), 0.25);
        let text = samples.to_string();
        assert_eq!(Samples::parse(&text), Some(samples), "{text}");
        insta::assert_snapshot!(text, @r#"
        # HELP migrator_runs_total The commands that have ended, by result.
        # TYPE migrator_runs_total counter
        migrator_runs_total{database="a\"b\\n\nc,d}e",command="up"} 3
        # HELP migrator_last_run_duration_seconds How long the last command took.
        # TYPE migrator_last_run_duration_seconds gauge
        migrator_last_run_duration_seconds{command="up"} 0.25
        "#);
    }

    #[test]
    fn a_file_with_any_other_line_is_not_read() {
        for line in [
            "node_load1 0.2",
            "migrator_runs_total{",
            "migrator_runs_total{} x",
            "hello",
        ] {
            assert_eq!(Samples::parse(line), None, "{line}");
        }
        assert_eq!(Samples::parse(""), Some(Samples::default()));
    }

    #[test]
    fn old_samples_of_a_database_are_removed() {
        let mut samples = Samples::default();
        let of = |database, service| labels(&[("database", database), ("service", service)]);
        for (database, service) in [("a", "core"), ("a", "auth"), ("b", "core")] {
            samples.set(Metric::Pending, of(database, service), 1.0);
        }
        let of_list = labels(&[("service", "core")]);
        samples.set(Metric::Pending, of_list.clone(), 1.0);
        samples.remove(Metric::Pending, &labels(&[("database", "a")]), "service");
        let mut left = Samples::default();
        left.set(Metric::Pending, of("b", "core"), 1.0);
        left.set(Metric::Pending, of_list, 1.0);
        assert_eq!(samples, left);
        samples.remove(Metric::Pending, &labels(&[]), "service");
        left = Samples::default();
        left.set(Metric::Pending, of("b", "core"), 1.0);
        assert_eq!(samples, left);
    }
}
