//! A table of figures: JSON values in rows, and how they are written as text and as Markdown.

use std::fmt;

use serde_json::{Value, json};

/// A table with named columns. A cell is a text, a number, a list of the numbers of several rounds,
/// or `null` if nothing was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The name, which is unique in a report.
    pub name: String,
    /// The heads of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a cell for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new<S: AsRef<str>>(name: &str, columns: &[S]) -> Table {
        Table {
            name: name.to_owned(),
            columns: columns.iter().map(|one| one.as_ref().to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row.into_iter().map(rounded).collect());
    }

    /// The table as Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = vec!["---".to_owned(); self.columns.len()];
        let rows = self.rows.iter();
        let rows: String = rows
            .map(|row| line(row.iter().map(text).collect()))
            .collect();
        line(self.columns.clone()) + &line(rule) + &rows
    }

    /// A line for each row, so that a difference of two files is readable.
    pub(crate) fn to_json(&self) -> String {
        let rows = self
            .rows
            .iter()
            .map(|row| format!("        {}", json!(row)));
        format!(
            "    {{\n      \"name\": {},\n      \"columns\": {},\n      \"rows\": [\n{}\n      ]\n    }}",
            json!(self.name),
            json!(self.columns),
            rows.collect::<Vec<_>>().join(",\n")
        )
    }

    pub(crate) fn from_json(value: &Value) -> Option<Table> {
        let columns = value["columns"].as_array()?.iter();
        let columns: Option<Vec<String>> = columns.map(|one| Some(one.as_str()?.into())).collect();
        let rows = value["rows"].as_array()?.iter();
        let rows: Option<Vec<Vec<Value>>> = rows.map(|row| row.as_array().cloned()).collect();
        Some(Table {
            name: value["name"].as_str()?.to_owned(),
            columns: columns?,
            rows: rows?,
        })
    }
}

/// Text with columns aligned to the right.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows.iter().map(|row| row.iter().map(text).collect());
        let lines: Vec<Vec<String>> = [self.columns.clone()].into_iter().chain(rows).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        writeln!(f, "{}", self.name)?;
        for line in &lines {
            let cells = line.iter().zip(&widths);
            let cells: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:>width$}"))
                .collect();
            writeln!(f, "{}", cells.join("  "))?;
        }
        Ok(())
    }
}

/// Six significant digits: more are noise in the file.
fn rounded(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(rounded).collect(),
        Value::Number(number) if number.is_f64() => {
            let number = number.as_f64().unwrap_or_default();
            format!("{number:.5e}")
                .parse()
                .map_or(Value::Null, |number: f64| json!(number))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            value
        }
    }
}

/// A cell as it is read: a dash for nothing, commas between the rounds.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join("; "),
        Value::Number(number) if number.is_f64() => {
            significant(number.as_f64().unwrap_or_default())
        }
        Value::Number(number) => grouped(&number.to_string()),
        Value::Bool(_) | Value::Object(_) => value.to_string(),
    }
}

/// Three significant digits, and all digits before the point.
fn significant(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.0995 || size == 0.0 => 2,
        _ => 3,
    };
    grouped(&format!("{number:.decimals$}"))
}

/// A comma between thousands.
fn grouped(digits: &str) -> String {
    let (whole, rest) = match digits.split_once('.') {
        Some((whole, rest)) => (whole, format!(".{rest}")),
        None => (digits, String::new()),
    };
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len() - place;
        if place > 0 && left.is_multiple_of(3) && text != "-" {
            text.push(',');
        }
        text.push(digit);
    }
    text + &rest
}

#[cfg(test)]
mod tests {
    use super::{Table, text};
    use crate::row;
    use serde_json::{Value, json};

    #[test]
    fn a_number_has_three_digits_and_commas() {
        let texts = |values: &[Value]| values.iter().map(text).collect::<Vec<_>>();
        let values = row![
            0.0417, 0.25, 9.8, 32.61, 99.97, 3762.4, 1_234_567, -1234, 0.0
        ];
        let expected = [
            "0.042",
            "0.25",
            "9.80",
            "32.6",
            "100",
            "3,762",
            "1,234,567",
            "-1,234",
            "0.00",
        ];
        assert_eq!(texts(&values), expected);
        assert_eq!(
            texts(&row![[1.5, 2.5], "over 20 s", Value::Null]),
            ["1.50; 2.50", "over 20 s", "–"]
        );
    }

    #[test]
    fn a_table_is_markdown_and_survives_its_file() {
        let mut table = Table::new("up", &["program", "ms"]);
        table.push(row!["diesel", 15_270.123_456]);
        assert_eq!(
            table.to_markdown(),
            "| program | ms |\n| --- | --- |\n| diesel | 15,270 |\n"
        );
        assert_eq!(table.rows, [row!["diesel", json!(15_270.1)]]);
        let value = serde_json::from_str(&table.to_json()).unwrap();
        assert_eq!(Table::from_json(&value), Some(table));
    }
}
