//! The bytes of a registry, and how its numbers and names are read from them.

use std::borrow::Cow;

use super::table::{LAYOUT, MAGIC, Section, Table};

/// The services and migrations of a tree, in the order in which they run.
#[derive(Clone, PartialEq, Eq)]
pub struct Registry {
    pub(super) table: Cow<'static, [u8]>,
    pub(super) text: Cow<'static, str>,
}

impl Registry {
    /// A registry of a table and a text that [`Registry::parts`] returned.
    pub(crate) const fn from_parts(table: &'static [u8], text: &'static str) -> Registry {
        Registry {
            table: Cow::Borrowed(table),
            text: Cow::Borrowed(text),
        }
    }

    /// A registry of the contents of two files; `None` if they have another layout.
    pub(crate) fn of_files(table: Vec<u8>, text: String) -> Option<Registry> {
        let layout = table.strip_prefix(&MAGIC)?.first_chunk()?;
        (u32::from_le_bytes(*layout) == LAYOUT).then_some(Registry {
            table: Cow::Owned(table),
            text: Cow::Owned(text),
        })
    }

    /// The table and the text, for the program that embeds them.
    #[must_use]
    pub fn parts(&self) -> (&[u8], &str) {
        (&self.table, &self.text)
    }

    /// The name of the tree's folder; the path of each script starts with it.
    #[must_use]
    pub fn root(&self) -> &str {
        self.slice(8)
    }

    pub(super) fn table(&self) -> Table<'_> {
        Table(&self.table)
    }

    /// Where the scripts start in the text.
    pub(super) fn scripts(&self) -> usize {
        self.table().long(16)
    }

    /// The text of the slice at a byte of the table.
    pub(super) fn slice(&self, at: usize) -> &str {
        let (start, length) = (self.table().number(at), self.table().number(at + 4));
        let end = start.saturating_add(length);
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn texts(&self, section: Section) -> impl ExactSizeIterator<Item = &str> {
        let table = self.table();
        (0..table.count(section)).map(move |index| self.slice(table.at(section, index)))
    }
}
