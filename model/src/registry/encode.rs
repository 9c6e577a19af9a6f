//! Encodes contents as a registry. It writes the layout that [`table`](super::table) defines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::bytes::Registry;
use super::data::{MigrationData, RegistryData, ScriptData, ServiceData};
use super::table::{ALL, HEADER, LAYOUT, MAGIC, NO_TIMEOUT, SECTIONS, Section};
use crate::code::Level;
use crate::levels::LintLevel;
use crate::mode::Mode;
use crate::version::Version;

impl From<RegistryData> for Registry {
    fn from(data: RegistryData) -> Registry {
        let mut writer = Writer::default();
        let root = writer.slice(&data.root);
        for tier in &data.tiers {
            writer.text(Section::Tiers, tier);
        }
        for pattern in &data.left_out {
            writer.text(Section::LeftOut, pattern);
        }
        for role in &data.roles {
            writer.text(Section::Roles, role);
        }
        for level in &data.levels {
            writer.level(level);
        }
        let numbers = writer.services(&data.services, &data.migrations);
        let migrations: Vec<(usize, MigrationData)> = data
            .migrations
            .into_iter()
            .filter_map(|one| Some((*numbers.get(one.service.as_str())?, one)))
            .collect();
        for (service, migration) in &migrations {
            writer.migration(*service, migration);
        }
        writer.by_version(&migrations, data.services.len());
        writer.finish(root, migrations)
    }
}

/// The sections and the names so far.
#[derive(Default)]
struct Writer {
    sections: [Vec<u8>; SECTIONS],
    text: String,
    /// The length of the scripts so far.
    scripts: usize,
}

impl Writer {
    /// Adds a name to the text, and returns its slice.
    fn slice(&mut self, text: &str) -> [u8; 8] {
        let mut slice = [0; 8];
        let (start, length) = slice.split_at_mut(4);
        start.copy_from_slice(&short(self.text.len()).to_le_bytes());
        length.copy_from_slice(&short(text.len()).to_le_bytes());
        self.text.push_str(text);
        slice
    }

    fn text(&mut self, section: Section, text: &str) {
        let slice = self.slice(text);
        self.bytes(section, &slice);
    }

    fn number(&mut self, section: Section, number: usize) {
        self.bytes(section, &short(number).to_le_bytes());
    }

    fn long(&mut self, section: Section, number: u64) {
        self.bytes(section, &number.to_le_bytes());
    }

    fn bytes(&mut self, section: Section, bytes: &[u8]) {
        self.sections[section as usize].extend_from_slice(bytes);
    }

    fn count(&self, section: Section) -> usize {
        self.sections[section as usize].len() / section.record()
    }

    fn level(&mut self, lint: &LintLevel) {
        let section = Section::Levels;
        self.text(section, lint.code.as_str());
        self.number(
            section,
            match lint.level {
                Level::Allow => 0,
                Level::Warn => 1,
                Level::Deny => 2,
            },
        );
        let (bit, service) = match &lint.service {
            Some(service) => (1, service.as_str()),
            None => (0, ""),
        };
        self.number(section, bit | usize::from(lint.before.is_some()) << 1);
        self.text(section, service);
        let before = lint.before.map_or(0, Version::as_integer);
        self.bytes(section, &before.to_le_bytes());
    }

    /// Writes the services, and returns their numbers by name.
    fn services<'d>(
        &mut self,
        services: &'d [ServiceData],
        migrations: &[MigrationData],
    ) -> BTreeMap<&'d str, usize> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for migration in migrations {
            *counts.entry(&migration.service).or_default() += 1;
        }
        let mut numbers = BTreeMap::new();
        let mut first = 0;
        for (number, service) in services.iter().enumerate() {
            let is_new = numbers.insert(service.name.as_str(), number).is_none();
            let count = counts.get(service.name.as_str()).filter(|_| is_new);
            let count = count.copied().unwrap_or_default();
            self.service(service, first, count);
            first += count;
        }
        for number in numbers.values() {
            self.number(Section::ByName, *number);
        }
        numbers
    }

    fn service(&mut self, service: &ServiceData, first: usize, count: usize) {
        let section = Section::Services;
        for text in [&service.name, &service.directory, &service.description] {
            self.text(section, text);
        }
        self.number(section, service.tier);
        self.number(section, self.count(Section::DependsOn));
        self.number(section, service.depends_on.len());
        self.number(section, first);
        self.number(section, count);
        for name in &service.depends_on {
            self.text(Section::DependsOn, name);
        }
    }

    fn migration(&mut self, service: usize, migration: &MigrationData) {
        let section = Section::Migrations;
        let MigrationData { up, down, .. } = migration;
        self.number(section, service);
        let timeouts = self.timeouts(up, down);
        self.number(section, timeouts);
        self.number(section, self.count(Section::Requires));
        self.number(section, migration.requires.len());
        self.bytes(section, &migration.version.as_integer().to_le_bytes());
        self.long(section, migration.checksum);
        let name = format!("{}_{}", migration.uid, migration.name);
        self.text(section, &name);
        self.long(section, wide(self.scripts));
        self.long(section, wide(up.raw.len()));
        self.long(section, wide(down.raw.len()));
        self.long(section, up.fingerprint);
        self.long(section, down.fingerprint);
        let outside = |script: &ScriptData| usize::from(script.mode == Mode::NoTransaction);
        self.number(section, outside(up) | outside(down) << 1);
        self.scripts += up.raw.len() + down.raw.len();
        for required in &migration.requires {
            self.text(Section::Requires, &required.service);
            let version = required.version.as_integer().to_le_bytes();
            self.bytes(Section::Requires, &version);
        }
    }

    /// Writes the timeouts of both scripts, and returns the number of the record plus one.
    fn timeouts(&mut self, up: &ScriptData, down: &ScriptData) -> usize {
        let all = [up, down].map(|script| [script.lock_timeout, script.statement_timeout]);
        if all.iter().flatten().all(Option::is_none) {
            return 0;
        }
        for timeout in all.into_iter().flatten() {
            self.long(Section::Timeouts, timeout.map_or(NO_TIMEOUT, milliseconds));
        }
        self.count(Section::Timeouts)
    }

    fn by_version(&mut self, migrations: &[(usize, MigrationData)], services: usize) {
        let mut of_services = vec![Vec::new(); services];
        for (number, (service, migration)) in migrations.iter().enumerate() {
            of_services[*service].push((migration.version, number));
        }
        for mut numbers in of_services {
            numbers.sort_unstable();
            for (_, number) in numbers {
                self.number(Section::ByVersion, number);
            }
        }
    }

    /// Puts the header before the sections, and the scripts behind the names. Each script is freed
    /// once it is copied, because all of them may fill most of the memory.
    fn finish(mut self, root: [u8; 8], migrations: Vec<(usize, MigrationData)>) -> Registry {
        let length: usize = self.sections.iter().map(Vec::len).sum();
        let mut table = Vec::with_capacity(HEADER + length);
        table.extend_from_slice(&MAGIC);
        table.extend_from_slice(&LAYOUT.to_le_bytes());
        table.extend_from_slice(&root);
        table.extend_from_slice(&wide(self.text.len()).to_le_bytes());
        let mut start = HEADER;
        for section in ALL {
            table.extend_from_slice(&short(start).to_le_bytes());
            table.extend_from_slice(&short(self.count(section)).to_le_bytes());
            start += self.sections[section as usize].len();
        }
        for section in &self.sections {
            table.extend_from_slice(section);
        }
        self.text.reserve_exact(self.scripts);
        for (_, migration) in migrations {
            self.text.push_str(&migration.up.raw);
            self.text.push_str(&migration.down.raw);
        }
        Registry {
            table: Cow::Owned(table),
            text: Cow::Owned(self.text),
        }
    }
}

/// A number in 4 bytes. Names and records of more than 4 GiB do not fit; a reader finds them empty.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn milliseconds(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap_or(NO_TIMEOUT - 1)
}
