//! Reads the statements whose effect the catalog shows, so that a run can resume a script that
//! was interrupted in the middle of such a statement.
//!
//! [`read`] returns `None` for a statement unless it understands every word of the statement.

use std::fmt;

use migrator_model::sql::{Part, first_word, parts, quote_identifier};

/// A statement whose effect the catalog shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Statement<'a> {
    /// A statement that can be repeated any number of times.
    Repeatable,
    /// Creates an index.
    CreateIndex(CreateIndex<'a>),
    /// Drops indexes.
    DropIndex(DropIndex),
    /// Rebuilds indexes.
    Reindex(Reindex),
    /// Adds a value to an enumeration.
    AddValue(AddValue),
}

/// `CREATE INDEX`.
#[derive(Debug, PartialEq, Eq)]
pub struct CreateIndex<'a> {
    /// The index, in the schema of its table.
    pub name: String,
    /// The table.
    pub table: Name,
    /// `UNIQUE`, or nothing.
    pub uniqueness: &'static str,
    /// What the statement does if an index of this name exists.
    pub other: Other,
    /// The text after the name of the table.
    pub rest: &'a str,
}

/// `DROP INDEX`.
#[derive(Debug, PartialEq, Eq)]
pub struct DropIndex {
    /// The indexes.
    pub names: Vec<Name>,
    /// What the statement does if an index does not exist.
    pub other: Other,
}

/// `REINDEX` of an index or a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Reindex {
    /// The index or the table.
    pub name: Name,
}

/// `ALTER TYPE … ADD VALUE`.
#[derive(Debug, PartialEq, Eq)]
pub struct AddValue {
    /// The type.
    pub enumeration: Name,
    /// The value.
    pub value: String,
}

/// What a statement does if its work is already done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// It fails.
    Refused,
    /// It skips the work: `IF [NOT] EXISTS`.
    Tolerated,
}

/// A name as the catalog has it, with or without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    schema: Option<String>,
    /// The name without its schema.
    pub name: String,
}

/// Quotes the name as SQL does.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quote_identifier(schema))?;
        }
        f.write_str(&quote_identifier(&self.name))
    }
}

/// Reads a statement; `None` if it is not one of the statements of this module.
#[must_use]
pub fn read(sql: &str) -> Option<Statement<'_>> {
    // Most statements are known by their first word, and may be long.
    let word = first_word(sql)?.to_ascii_lowercase();
    if ["set", "reset", "comment", "analyze", "analyse", "vacuum"].contains(&word.as_str()) {
        return Some(Statement::Repeatable);
    } else if !["create", "drop", "reindex", "alter"].contains(&word.as_str()) {
        return None;
    }
    let mut reader = Reader::new(sql);
    let statement = match reader.word()?.as_str() {
        "create" => return create_index(reader).map(Statement::CreateIndex),
        "drop" => Statement::DropIndex(drop_index(&mut reader)?),
        "reindex" => Statement::Reindex(reindex(&mut reader)?),
        "alter" => Statement::AddValue(add_value(&mut reader)?),
        _ => return None,
    };
    reader.parts.is_empty().then_some(statement)
}

fn create_index(mut reader: Reader<'_>) -> Option<CreateIndex<'_>> {
    let uniqueness = match reader.takes("unique") {
        true => "UNIQUE",
        false => "",
    };
    reader.expect("index")?;
    reader.takes("concurrently");
    let other = reader.tolerance(&["if", "not", "exists"])?;
    if reader.takes("on") {
        return None;
    }
    let name = reader.identifier()?;
    reader.expect("on")?;
    reader.takes("only");
    let table = reader.name()?;
    Some(CreateIndex {
        name,
        table,
        uniqueness,
        other,
        rest: reader.rest(),
    })
}

fn drop_index(reader: &mut Reader<'_>) -> Option<DropIndex> {
    reader.expect("index")?;
    reader.takes("concurrently");
    let other = reader.tolerance(&["if", "exists"])?;
    let mut names = vec![reader.name()?];
    while reader.takes_mark(",") {
        names.push(reader.name()?);
    }
    if !reader.takes("cascade") {
        reader.takes("restrict");
    }
    Some(DropIndex { names, other })
}

fn reindex(reader: &mut Reader<'_>) -> Option<Reindex> {
    if reader.takes_mark("(") {
        while !reader.takes_mark(")") {
            reader.next()?;
        }
    }
    if !reader.takes("index") {
        reader.expect("table")?;
    }
    reader.takes("concurrently");
    let name = reader.name()?;
    Some(Reindex { name })
}

fn add_value(reader: &mut Reader<'_>) -> Option<AddValue> {
    reader.expect("type")?;
    let enumeration = reader.name()?;
    reader.expect("add")?;
    reader.expect("value")?;
    reader.tolerance(&["if", "not", "exists"])?;
    let value = reader.text()?;
    if reader.takes("before") || reader.takes("after") {
        reader.text()?;
    }
    Some(AddValue { enumeration, value })
}

struct Reader<'a> {
    sql: &'a str,
    /// The parts, each with the offset at which it ends; the next part is the last of the list.
    parts: Vec<(Part<'a>, usize)>,
    /// The offset at which the part that was taken last ends.
    at: usize,
}

/// The server truncates a longer name (`NAMEDATALEN` less one).
const LONGEST: usize = 63;

impl<'a> Reader<'a> {
    fn new(sql: &'a str) -> Reader<'a> {
        let mut parts = parts(sql);
        parts.reverse();
        Reader { sql, parts, at: 0 }
    }

    fn next(&mut self) -> Option<Part<'a>> {
        let (part, end) = self.parts.pop()?;
        self.at = end;
        Some(part)
    }

    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    /// Takes the next part as a word in lower case.
    fn word(&mut self) -> Option<String> {
        match self.next()? {
            Part::Word(word) => Some(word.to_ascii_lowercase()),
            Part::Quoted(_) | Part::Text(_) | Part::Mark(_) => None,
        }
    }

    /// Takes the next part if it is this keyword.
    fn takes(&mut self, keyword: &str) -> bool {
        let next = self.parts.last();
        let is_next = next.is_some_and(
            |(part, _)| matches!(part, Part::Word(word) if word.eq_ignore_ascii_case(keyword)),
        );
        is_next && self.next().is_some()
    }

    fn takes_mark(&mut self, mark: &str) -> bool {
        let next = self.parts.last();
        let is_next =
            next.is_some_and(|(part, _)| matches!(part, Part::Mark(text) if *text == mark));
        is_next && self.next().is_some()
    }

    fn expect(&mut self, keyword: &str) -> Option<()> {
        self.takes(keyword).then_some(())
    }

    /// Takes all of these keywords, or none.
    fn tolerance(&mut self, keywords: &[&str]) -> Option<Other> {
        let (first, others) = keywords.split_first()?;
        if !self.takes(first) {
            return Some(Other::Refused);
        }
        for keyword in others {
            self.expect(keyword)?;
        }
        Some(Other::Tolerated)
    }

    /// Takes a name without a schema. The server folds ASCII letters of an unquoted name to lower
    /// case. The folding of other letters depends on the database, so such a name is not read.
    fn identifier(&mut self) -> Option<String> {
        let name = match self.next()? {
            Part::Word(word) if word.is_ascii() => Some(word.to_ascii_lowercase()),
            Part::Quoted(name) => Some(name),
            Part::Word(_) | Part::Text(_) | Part::Mark(_) => None,
        };
        name.filter(|name| !name.is_empty() && name.len() <= LONGEST)
    }

    /// Takes a name with or without a schema.
    fn name(&mut self) -> Option<Name> {
        let first = self.identifier()?;
        if !self.takes_mark(".") {
            return Some(Name {
                schema: None,
                name: first,
            });
        }
        let name = self.identifier()?;
        // A third part of the name means that the first part is a database.
        (!self.takes_mark(".")).then_some(Name {
            schema: Some(first),
            name,
        })
    }

    fn text(&mut self) -> Option<String> {
        match self.next()? {
            // The meaning of a backslash depends on a setting.
            Part::Text(text) if !text.contains('\\') => Some(text),
            Part::Text(_) | Part::Word(_) | Part::Quoted(_) | Part::Mark(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Other, Statement, read};

    fn index(sql: &str) -> String {
        match read(sql) {
            Some(Statement::CreateIndex(index)) => format!(
                "{} {} on {}{}{}",
                index.uniqueness,
                index.name,
                index.table,
                index.rest,
                match index.other {
                    Other::Refused => "",
                    Other::Tolerated => " tolerant",
                }
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn an_index_is_read() {
        assert_eq!(
            index("CREATE UNIQUE INDEX CONCURRENTLY Ix ON shop.Orders USING btree (a, (b || 'x'))"),
            "UNIQUE ix on \"shop\".\"orders\" USING btree (a, (b || 'x'))"
        );
        assert_eq!(
            index("create index /* now */ concurrently if not exists \"I\"\"x\" on only \"T\"(a)"),
            " I\"x on \"T\"(a) tolerant"
        );
        assert_eq!(index("CREATE INDEX i ON t (a)"), " i on \"t\" (a)");
    }

    #[test]
    fn a_statement_without_an_index_name_is_not_read() {
        let long = format!("CREATE INDEX CONCURRENTLY {} ON t (a)", "i".repeat(64));
        for sql in [
            "CREATE INDEX CONCURRENTLY ON t (a)",
            "CREATE INDEX CONCURRENTLY IF NOT i ON t (a)",
            "CREATE INDEX CONCURRENTLY i ON db.public.t (a)",
            "CREATE INDEX CONCURRENTLY U&\"i\" ON t (a)",
            "CREATE INDEX CONCURRENTLY \"i ON t (a)",
            "CREATE INDEX CONCURRENTLY größe ON t (a)",
            "CREATE TABLE t (a int)",
            "SELECT 1",
            "ALTER INDEX i RENAME TO j",
            "",
            long.as_str(),
        ] {
            assert_eq!(read(sql), None, "{sql}");
        }
    }

    #[test]
    fn drops_are_read() {
        let Some(Statement::DropIndex(drop)) = read("DROP INDEX CONCURRENTLY IF EXISTS a.\"B\"")
        else {
            unreachable!("it is one");
        };
        assert_eq!(drop.names[0].to_string(), "\"a\".\"B\"");
        assert_eq!(drop.other, Other::Tolerated);
        let Some(Statement::DropIndex(drop)) = read("drop index a, b cascade") else {
            unreachable!("it is one");
        };
        assert_eq!((drop.names.len(), drop.other), (2, Other::Refused));
        assert_eq!(read("DROP INDEX a b"), None);
        assert_eq!(read("DROP TABLE a"), None);
    }

    #[test]
    fn a_reindex_is_read_if_its_leftovers_are_known() {
        for sql in [
            "REINDEX INDEX CONCURRENTLY i",
            "REINDEX (VERBOSE, TABLESPACE x) TABLE CONCURRENTLY s.t",
            "reindex table t",
        ] {
            assert!(matches!(read(sql), Some(Statement::Reindex(_))), "{sql}");
        }
        assert_eq!(read("REINDEX SCHEMA CONCURRENTLY s"), None);
        assert_eq!(read("REINDEX (VERBOSE"), None);
    }

    #[test]
    fn a_value_of_an_enumeration_is_read() {
        let Some(Statement::AddValue(add)) =
            read("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'it''s' BEFORE 'ok'")
        else {
            unreachable!("it is one");
        };
        assert_eq!(
            (add.value.as_str(), add.enumeration.name.as_str()),
            ("it's", "mood")
        );
        for sql in [
            "ALTER TYPE mood ADD VALUE E'a'",
            "ALTER TYPE mood ADD VALUE 'a'\n'b'",
            "ALTER TYPE mood ADD VALUE $$a$$",
            "ALTER TYPE mood RENAME VALUE 'a' TO 'b'",
        ] {
            assert_eq!(read(sql), None, "{sql}");
        }
    }

    #[test]
    fn repeatable_statements_are_recognised() {
        for sql in [
            "SET search_path = shop",
            "RESET ALL",
            "COMMENT ON INDEX i IS 'x'",
            "ANALYZE t",
            "VACUUM (FULL) t",
        ] {
            assert_eq!(read(sql), Some(Statement::Repeatable), "{sql}");
        }
    }
}
