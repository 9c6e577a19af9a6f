//! A line of the log, as text or as JSON.

use migrator_model::untrusted::{self, one_line};
use serde_json::Value;
use time::OffsetDateTime;

use crate::arguments::LogFormat;

/// How much an entry matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// An entry of the log.
#[derive(Debug)]
pub(crate) struct Entry {
    time: OffsetDateTime,
    level: Level,
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Entry {
    /// An entry without text.
    pub(crate) fn now(level: Level) -> Entry {
        Entry {
            time: OffsetDateTime::now_utc(),
            level,
            message: String::new(),
            fields: Vec::new(),
        }
    }

    /// An entry with this text.
    pub(crate) fn of(level: Level, text: &str) -> Entry {
        let mut entry = Entry::now(level);
        entry.say(text);
        entry
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// Sets the text.
    pub(crate) fn say(&mut self, text: &str) {
        text.clone_into(&mut self.message);
    }

    /// Sets a field. The value of an inner span replaces that of an outer one.
    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        match self.fields.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
    }

    /// The line.
    pub(crate) fn line(&self, format: LogFormat) -> String {
        let time = shown(self.time);
        match format {
            LogFormat::Text => self.text(&time),
            LogFormat::Json => self.json(time),
        }
    }

    fn text(&self, time: &str) -> String {
        let level = match self.level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        };
        let mut line = format!("{time} {level:5} {}", self.message);
        for (name, value) in &self.fields {
            let value = match value {
                Value::String(text) if is_word(text) => text.clone(),
                Value::String(text) => format!("\"{}\"", one_line(text).replace('"', "\\\"")),
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)) => other.to_string(),
            };
            line.extend([" ", name, "=", &value]);
        }
        line
    }

    fn json(&self, time: String) -> String {
        let level = match self.level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let first = [
            ("time", time.into()),
            ("level", level.into()),
            ("message", self.message.clone().into()),
        ];
        let members = first.iter().chain(&self.fields);
        let members = members.map(|(name, value): &(&str, Value)| format!("\"{name}\":{value}"));
        let object = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        untrusted::json(&object).into_owned()
    }
}

/// A time in UTC, with milliseconds.
fn shown(time: OffsetDateTime) -> String {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second, milli) = time.to_hms_milli();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Whether a value needs no quotes.
fn is_word(text: &str) -> bool {
    let is_plain =
        |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\');
    !text.is_empty() && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::{Entry, Level};
    use crate::arguments::LogFormat;

    fn entry() -> Entry {
        let mut entry = Entry::now(Level::Warn);
        entry.time = OffsetDateTime::UNIX_EPOCH;
        entry.say("retrying");
        entry.set("service", "outer".into());
        entry.set("service", "core".into());
        entry.set("why", "a \"lock\"\nis held".into());
        entry.set("retries", 3.into());
        entry
    }

    #[test]
    fn a_line_of_text_has_the_fields_behind_the_message() {
        insta::assert_snapshot!(
            entry().line(LogFormat::Text),
            @r#"1970-01-01T00:00:00.000Z WARN  retrying service=core why="a \"lock\"\nis held" retries=3"#
        );
    }

    #[test]
    fn a_line_of_json_has_no_control_character() {
        let text = "a\u{7f}\u{85}\u{9f}\u{2028}\u{202e}é\n\t\u{1b}[31m";
        let line = Entry::of(Level::Info, text).line(LogFormat::Json);
        assert_eq!(migrator_model::untrusted::lines(&line), line);
        let object: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(object["message"], text);
    }

    #[test]
    fn a_line_of_json_is_one_object() {
        insta::assert_snapshot!(
            entry().line(LogFormat::Json),
            @r#"{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"retrying","service":"core","why":"a \"lock\"\nis held","retries":3}"#
        );
    }
}
