//! Digests of the entries of services: the client computes them from the registry, and the
//! server from the history, so that it need not send the entries.
//!
//! A digest is the number of the entries and the sum of their hashes. A hash covers the version, name,
//! checksum, fingerprint and required migrations of an entry; a dirty entry has none, so that it
//! never matches. So
//! with equal digests, the service has exactly the migrations of the registry, each with the same
//! script. Nobody gains by forging a digest: a role that can write the entries can also write the
//! ones that the registry expects.

use migrator_model::{Migration, Registry, Service};

use super::hash::hash_text;
use super::schema::Tables;
use crate::session::quote::quote_literal;

/// The digest of a service's entries, if they are exactly those of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    service: String,
    entries: usize,
    hash: i128,
}

/// The digests of services of a registry.
pub(crate) fn digests(registry: &Registry, services: &[&str]) -> Vec<Digest> {
    let digest = |&service: &&str| {
        let mut digest = Digest {
            service: service.to_owned(),
            ..Digest::default()
        };
        let found = registry.find_service(service);
        for migration in found.into_iter().flat_map(Service::migrations) {
            digest.add(migration);
        }
        digest
    };
    services.iter().map(digest).collect()
}

impl Digest {
    /// Adds the entry of a migration.
    fn add(&mut self, migration: Migration<'_>) {
        let version = migration.version.as_integer().cast_unsigned();
        let references = migration.requires();
        // As Postgres's `hash_array_extended`.
        let requires = references.iter().fold(1_u64, |hash, reference| {
            let text = reference.to_string();
            let own = hash_text(text.as_bytes(), version);
            hash.wrapping_mul(31).wrapping_add(own)
        });
        let seed = if references.is_empty() {
            version
        } else {
            requires
        };
        let mut hash = hash_text(migration.history_name().as_bytes(), seed);
        hash = hash_text(decimal(migration.checksum, &mut [0; 20]), hash);
        hash = hash_text(&hexadecimal(migration.up().fingerprint), hash);
        self.entries += 1;
        self.hash += i128::from(hash.cast_signed());
    }
}

/// The 16 hexadecimal digits of a number, without an allocation.
fn hexadecimal(number: u64) -> [u8; 16] {
    let mut rest = number;
    let mut digits = [0; 16];
    for digit in digits.iter_mut().rev() {
        let value = u8::try_from(rest & 0xf).unwrap_or_default();
        *digit = value + if value < 10 { b'0' } else { b'a' - 10 };
        rest >>= 4;
    }
    digits
}

/// The decimal digits of a number, without an allocation.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        start = at;
        if number == 0 {
            break;
        }
    }
    &digits[start..]
}

/// The setting that [`compare`] sets: [`SAME`] or an empty text.
const SETTING: &str = "migrator.digest";

/// The second column of the row of [`compare`] if the services have exactly the digests.
pub(super) const SAME: &str = "same";

/// A condition: [`compare`] has found another digest.
pub(super) fn differs() -> String {
    format!("pg_catalog.current_setting('{SETTING}') OPERATOR(pg_catalog.=) ''")
}

/// A statement that compares the digests. It returns the row `'digest'` and [`SAME`], or
/// `'digest'` and an empty text; the statements after it use [`differs`].
///
/// The entries of the parent table itself belong to no service: there must be none. The tables of
/// other services do not count.
pub(super) fn compare(tables: &Tables, digests: &[Digest]) -> String {
    let oid = |table: &str| format!("pg_catalog.to_regclass({})", quote_literal(table));
    let expected = digests.iter().filter(|digest| digest.entries > 0);
    let expected: Vec<String> = expected
        .map(|digest| {
            format!(
                "pg_catalog.concat_ws(' ', {}::pg_catalog.oid, '{} {}')",
                oid(&tables.of(&digest.service)),
                digest.entries,
                digest.hash
            )
        })
        .collect();
    let all = digests
        .iter()
        .map(|digest| oid(&tables.of(&digest.service)));
    let all: Vec<String> = [oid(&tables.parent())].into_iter().chain(all).collect();
    format!(
        "SELECT 'digest', pg_catalog.set_config('{SETTING}', CASE WHEN COALESCE(pg_catalog.sum(\
           CASE WHEN d.line OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY[{expected}]::pg_catalog.text[])\
               ::pg_catalog.text[]) THEN 1 \
             WHEN d.id OPERATOR(pg_catalog.=) ANY ((SELECT ARRAY[{all}]::pg_catalog.oid[])\
               ::pg_catalog.oid[]) THEN -1 END), 0) OPERATOR(pg_catalog.=) {number} \
           THEN '{SAME}' ELSE '' END, true) FROM (\
           SELECT tableoid, pg_catalog.concat_ws(' ', tableoid, pg_catalog.count(*), \
             pg_catalog.sum(pg_catalog.hashtextextended(fingerprint, \
               pg_catalog.hashtextextended(checksum, pg_catalog.hashtextextended(name, \
                 CASE WHEN dirty IS NOT NULL THEN NULL \
                   WHEN pg_catalog.array_length(requires, 1) IS NULL THEN version \
                   ELSE pg_catalog.hash_array_extended(requires, version) END))))) \
           FROM {parent}{sample} GROUP BY tableoid) d(id, line);",
        expected = expected.join(", "),
        all = all.join(", "),
        number = expected.len(),
        parent = tables.parent(),
        sample = Tables::SAMPLE,
    )
}
