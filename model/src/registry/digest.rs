//! A digest of what a registry would run, to tell one state of a tree from another.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::Registry;

impl Registry {
    /// Returns 16 hex digits that depend on the services, their order and the scripts.
    ///
    /// They fit into the name of a job or a container. The levels of lints and the form of the line
    /// ends do not count. The digest has no secret key, so it does not prove where a tree comes from.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut to = SipHasher13::new();
        for tier in self.tiers() {
            write(&mut to, tier);
        }
        for service in self.services() {
            write(&mut to, service.name);
            number(&mut to, service.tier);
            number(&mut to, service.depends_on().count());
            for name in service.depends_on() {
                write(&mut to, name);
            }
        }
        for migration in self.migrations() {
            write(&mut to, migration.service);
            write(&mut to, &migration.version.to_string());
            write(&mut to, migration.history_name());
            write(&mut to, &migration.up().sql());
            write(&mut to, &migration.down().sql());
        }
        format!("{:016x}", to.finish())
    }
}

/// Writes a text after its length, so that two texts never read as one.
fn write(to: &mut SipHasher13, text: &str) {
    number(to, text.len());
    to.write(text.as_bytes());
}

/// Writes a number in the same way on every processor.
fn number(to: &mut SipHasher13, number: usize) {
    to.write(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
}
