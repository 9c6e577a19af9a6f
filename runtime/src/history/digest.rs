//! Digests of the entries of services: the client computes them from the registry, and the
//! server from the history, so that it need not send the entries.
//!
//! A digest is the number of the entries and sums of their hashes. A hash covers the version, name,
//! checksum, fingerprint and required migrations of an entry, and a dirty entry never matches. So
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
    /// The sum of the hashes of what each migration requires.
    requires: i128,
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
        let mut hash = hash_text(migration.history_name().as_bytes(), version);
        hash = hash_text(decimal(migration.checksum, &mut [0; 20]), hash);
        hash = hash_text(&hexadecimal(migration.up().fingerprint), hash);
        // As Postgres's `hash_array_extended`.
        let references = migration.requires();
        let requires = references.iter().fold(1_u64, |hash, reference| {
            let text = reference.to_string();
            let own = hash_text(text.as_bytes(), version);
            hash.wrapping_mul(31).wrapping_add(own)
        });
        self.entries += 1;
        self.hash += i128::from(hash.cast_signed());
        self.requires += i128::from(requires.cast_signed());
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

/// The first two parts of a WITH clause. `look` has one row and one column, `is_same`: whether
/// the services have exactly these digests.
///
/// The entries of the parent table itself belong to no service: there must be none.
///
/// The sums of a service without an entry are null, and so are those of entries that lack a
/// value. Then only the number counts, which must be 0.
pub(super) fn look(tables: &Tables, digests: &[Digest]) -> String {
    let numeric = |sum: i128| format!("'{sum}'::pg_catalog.\"numeric\"");
    let row = |table: &str, digest: &Digest| {
        format!(
            "({}::pg_catalog.name, {}, {}, {})",
            quote_literal(table),
            digest.entries,
            numeric(digest.hash),
            numeric(digest.requires)
        )
    };
    let values = digests.iter().map(|digest| {
        let table = format!("{}{}", digest.service, Tables::SUFFIX);
        row(&table, digest)
    });
    let parent = row(Tables::PARENT, &Digest::default());
    let values: Vec<String> = [parent].into_iter().chain(values).collect();
    format!(
        "digest(id, entries, dirty, hash, requires) AS MATERIALIZED (\
           SELECT tableoid, pg_catalog.count(*), pg_catalog.count(dirty), \
             pg_catalog.sum(pg_catalog.hashtextextended(fingerprint, \
               pg_catalog.hashtextextended(checksum, \
                 pg_catalog.hashtextextended(name, version)))), \
             pg_catalog.sum(pg_catalog.hash_array_extended(requires, version)) \
           FROM {parent}{sample} GROUP BY tableoid), \
         look(is_same) AS MATERIALIZED (\
           SELECT NOT EXISTS (SELECT FROM (VALUES {values}) known(name, entries, hash, requires) \
             LEFT JOIN (digest JOIN pg_catalog.pg_class c \
               ON c.oid OPERATOR(pg_catalog.=) digest.id) \
               ON c.relname OPERATOR(pg_catalog.=) known.name \
             WHERE digest.dirty OPERATOR(pg_catalog.>) 0 \
               OR COALESCE(digest.entries, 0) OPERATOR(pg_catalog.<>) known.entries \
               OR COALESCE(digest.hash OPERATOR(pg_catalog.<>) known.hash \
                 OR digest.requires OPERATOR(pg_catalog.<>) known.requires, \
                 known.entries OPERATOR(pg_catalog.>) 0)))",
        parent = tables.parent(),
        sample = Tables::SAMPLE,
        values = values.join(", "),
    )
}
