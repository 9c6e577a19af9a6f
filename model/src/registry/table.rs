//! The layout of a registry: one text, and a table of records over it.
//!
//! This page is the layout's definition. A change of it needs a new [`LAYOUT`].
//!
//! All numbers are little-endian and unsigned; a version is signed. The table starts with a
//! header of [`HEADER`] bytes:
//!
//! | bytes | content |
//! | --- | --- |
//! | 0–3 | `MGRT` |
//! | 4–7 | the version of the layout, [`LAYOUT`] |
//! | 8–15 | the name of the tree's folder, a slice |
//! | 16–23 | where the scripts start in the text (u64); the names are before them |
//! | 24– | for each [`Section`] in its order: the byte where it starts (u32), the number of its records (u32) |
//!
//! A *slice* is a start (u32) and a length (u32) in bytes of the text. The records are:
//!
//! | section | record |
//! | --- | --- |
//! | `Tiers`, `LeftOut`, `Roles` | a slice |
//! | `Levels` | the code, a slice; the level (u32): 0 allow, 1 warn, 2 deny; bit 0: for one service, bit 1: for earlier versions (u32); the service, a slice; the version (i64) |
//! | `Services` | name, directory and description, slices; the tier (u32); the first record and the number of records in `DependsOn` (u32 each) and in `ByVersion` (u32 each) |
//! | `ByName` | the number of a service (u32), sorted by name |
//! | `DependsOn` | the name of a service, a slice |
//! | `Migrations` | see below, in plan order |
//! | `ByVersion` | the number of a migration (u32); those of a service are adjacent and sorted by version |
//! | `Requires` | the service, a slice; the version (i64) |
//! | `Timeouts` | `lock_timeout` and `statement_timeout` of the up script, then of the down script, in ms (u64 each); [`NO_TIMEOUT`] for none |
//!
//! A record of `Migrations`:
//!
//! | bytes | content |
//! | --- | --- |
//! | 0–3 | the number of its service (u32) |
//! | 4–7 | its record in `Timeouts` plus one; 0 for none (u32) |
//! | 8–15 | the first record and the number of records in `Requires` (u32 each) |
//! | 16–23 | version (i64) |
//! | 24–31 | checksum (u64) |
//! | 32–39 | `<uid>_<name>`, a slice; the uid has 8 bytes |
//! | 40–47 | where the up script starts among the scripts (u64); the down script follows it |
//! | 48–55, 56–63 | the lengths of the up script and the down script (u64 each) |
//! | 64–71, 72–79 | their fingerprints (u64 each) |
//! | 80–83 | bit 0: the up script runs outside a transaction; bit 1: the down script does (u32) |
//!
//! A reader never panics: a number outside the table is 0, and a slice outside the text is empty.

/// The version of the layout.
pub(crate) const LAYOUT: u32 = 2;

/// The first bytes of a table.
pub(crate) const MAGIC: [u8; 4] = *b"MGRT";

/// The number of sections.
pub(super) const SECTIONS: usize = 11;

/// The length of the header.
pub(super) const HEADER: usize = 24 + SECTIONS * 8;

/// All sections, in their order.
pub(super) const ALL: [Section; SECTIONS] = [
    Section::Tiers,
    Section::LeftOut,
    Section::Roles,
    Section::Levels,
    Section::Services,
    Section::ByName,
    Section::DependsOn,
    Section::Migrations,
    Section::ByVersion,
    Section::Requires,
    Section::Timeouts,
];

/// The timeout of a script that sets none.
pub(super) const NO_TIMEOUT: u64 = u64::MAX;

/// The length of a uid in `<uid>_<name>`.
pub(super) const UID: usize = 8;

/// A part of the table with records of one kind.
#[derive(Clone, Copy)]
pub(super) enum Section {
    Tiers,
    LeftOut,
    Roles,
    Levels,
    Services,
    ByName,
    DependsOn,
    Migrations,
    ByVersion,
    Requires,
    Timeouts,
}

impl Section {
    /// The length of a record.
    pub(super) const fn record(self) -> usize {
        match self {
            Section::Tiers | Section::LeftOut | Section::Roles | Section::DependsOn => 8,
            Section::Services => 44,
            Section::ByName | Section::ByVersion => 4,
            Section::Migrations => 84,
            Section::Requires => 16,
            Section::Levels | Section::Timeouts => 32,
        }
    }
}

/// A table of bytes.
#[derive(Clone, Copy)]
pub(super) struct Table<'r>(pub(super) &'r [u8]);

impl Table<'_> {
    /// The number of records in a section.
    pub(super) fn count(self, section: Section) -> usize {
        self.number(24 + section as usize * 8 + 4)
    }

    /// The byte where a record starts.
    pub(super) fn at(self, section: Section, index: usize) -> usize {
        let start = self.number(24 + section as usize * 8);
        start.saturating_add(index.saturating_mul(section.record()))
    }

    pub(super) fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    /// A u32 as an index.
    pub(super) fn number(self, at: usize) -> usize {
        usize::try_from(self.u32(at)).unwrap_or_default()
    }

    pub(super) fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }

    pub(super) fn i64(self, at: usize) -> i64 {
        i64::from_le_bytes(self.bytes(at))
    }

    /// A u64 as an index.
    pub(super) fn long(self, at: usize) -> usize {
        usize::try_from(self.u64(at)).unwrap_or_default()
    }

    fn bytes<const N: usize>(self, at: usize) -> [u8; N] {
        #[cfg(test)]
        READS.set(READS.get() + 1);
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().unwrap_or([0; N])
    }
}

#[cfg(test)]
thread_local! {
    /// How many numbers this thread has read from tables.
    pub(super) static READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
