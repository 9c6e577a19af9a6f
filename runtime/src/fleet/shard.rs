//! Divides a fleet between processes.

use std::fmt::{self, Display, Formatter};
use std::hash::Hasher;
use std::num::NonZeroU32;

use migrator_connect::Settings;
use siphasher::sip::SipHasher13;

/// One of the parts into which a fleet is divided, such as `3/16`. Each part is the work of one
/// process.
///
/// Every database belongs to exactly one shard. The shard depends on [`Settings::address`] and on
/// the number of shards alone, so it is the same on every machine and in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: NonZeroU32,
}

impl Shard {
    /// The shard with this index out of `count` shards; `None` if the index is not below `count`.
    #[must_use]
    pub fn new(index: u32, count: NonZeroU32) -> Option<Shard> {
        (index < count.get()).then_some(Shard { index, count })
    }

    /// The index, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Whether a database belongs to this shard: the `SipHash` 1-3 of its address, with a key of
    /// zeros, modulo the number of shards, is the index.
    #[must_use]
    pub fn has(self, settings: &Settings) -> bool {
        let mut hasher = SipHasher13::new();
        hasher.write(settings.address().as_bytes());
        hasher.finish() % u64::from(self.count.get()) == u64::from(self.index)
    }
}

impl Display for Shard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use migrator_connect::Settings;

    use super::Shard;

    fn shards(count: u32) -> Vec<Shard> {
        let count = NonZeroU32::new(count).expect("a number of shards");
        let shards = (0..count.get()).map(|index| Shard::new(index, count));
        shards
            .map(|shard| shard.expect("below the count"))
            .collect()
    }

    fn settings(text: &str) -> Settings {
        Settings::parse(text).expect("settings")
    }

    /// The index of the only shard that has the database.
    fn index(text: &str, count: u32) -> u32 {
        let settings = settings(text);
        let shards = shards(count);
        let mut having = shards.iter().filter(|shard| shard.has(&settings));
        let one = having.next().expect("a shard has the database");
        assert_eq!(having.next(), None);
        one.index()
    }

    #[test]
    fn the_shard_of_a_database_never_changes() {
        // Other values would mean that two versions of this crate divide a fleet differently.
        let databases = [
            "postgresql://app@db-1/tenant_1",
            "postgresql://app@db-1/tenant_2",
            "postgresql://app@db-2:6432/tenant_1",
            "postgresql://app@db-1,db-2:5433/caf%C3%A9",
            "host=/run/postgresql dbname='a b'",
        ];
        let found = databases.map(|text| (settings(text).address(), index(text, 16)));
        let expected = EXPECTED.map(|(address, index)| (address.to_owned(), index));
        assert_eq!(found, expected);
    }

    const EXPECTED: [(&str, u32); 5] = [
        ("db-1:5432/tenant_1", 3),
        ("db-1:5432/tenant_2", 7),
        ("db-2:6432/tenant_1", 4),
        ("db-1:5432,db-2:5433/caf%C3%A9", 15),
        ("%2Frun%2Fpostgresql:5432/a%20b", 11),
    ];

    #[test]
    fn role_password_and_parameters_do_not_matter() {
        let urls = [
            "postgresql://app@db-1/tenant_1",
            "postgresql://owner:secret@db-1:5432/tenant_1?sslmode=require",
            "host=db-1 dbname=tenant_1 user=other connect_timeout=3",
        ];
        let indices = urls.map(|url| index(url, 1_000));
        assert!(
            indices.iter().all(|index| *index == indices[0]),
            "{indices:?}"
        );
    }

    #[test]
    fn shards_have_about_the_same_number_of_databases() {
        let mut sizes = [0_u32; 16];
        for tenant in 0..1_600 {
            let index = index(&format!("postgresql://app@db/tenant_{tenant}"), 16);
            sizes[index as usize] += 1;
        }
        assert!(
            sizes.iter().all(|size| (60..140).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn the_index_is_below_the_count() {
        let count = NonZeroU32::MIN;
        assert_eq!(
            Shard::new(0, count).map(|s| s.to_string()),
            Some("0/1".to_owned())
        );
        assert_eq!(Shard::new(1, count), None);
    }
}
