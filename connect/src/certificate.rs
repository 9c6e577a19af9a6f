//! Reads from a certificate what webpki does not: the public key of an X.509 version 1
//! certificate, which `openssl x509 -req` creates without extensions, the time for which a root
//! certificate is valid, and the hash for channel binding.

use std::ops::RangeInclusive;

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The `SubjectPublicKeyInfo` of a certificate in DER (RFC 5280, section 4.1).
pub(crate) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut rest = behind_the_serial(certificate)?;
    for _signature_issuer_validity_subject in 0..4 {
        (_, rest) = body(rest, SEQUENCE)?;
    }
    let (_, after) = body(rest, SEQUENCE)?;
    rest.get(..rest.len() - after.len())
}

/// When a certificate in DER is valid, in seconds since 1970 (RFC 5280, section 4.1.2.5).
pub(crate) fn validity(certificate: &[u8]) -> Option<RangeInclusive<i64>> {
    let mut rest = behind_the_serial(certificate)?;
    for _signature_issuer in 0..2 {
        (_, rest) = body(rest, SEQUENCE)?;
    }
    let (validity, _) = body(rest, SEQUENCE)?;
    let (from, validity) = time(validity)?;
    let (to, _) = time(validity)?;
    Some(from..=to)
}

/// The signature algorithms with a hash of their own, as the content of their identifier in DER
/// (RFC 8017, appendix C; RFC 5758, section 3.2), and the hash for channel binding: SHA-256 in place
/// of MD5 and SHA-1.
static HASHES: [(&[u8], &Algorithm); 9] = [
    // MD5, SHA-1, SHA-256, SHA-384 and SHA-512 with RSA.
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", &SHA384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", &SHA512),
    // ECDSA with SHA-1, SHA-256, SHA-384 and SHA-512.
    (b"\x2a\x86\x48\xce\x3d\x04\x01", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", &SHA384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", &SHA512),
];

/// The channel binding `tls-server-end-point` of a server's certificate in DER (RFC 5929, section
/// 4.1). `None` if the signature has no hash of its own: Ed25519 has none, and RSA-PSS names the
/// hash in parameters.
pub(crate) fn channel_binding(certificate: &[u8]) -> Option<Vec<u8>> {
    let (content, _) = body(certificate, SEQUENCE)?;
    let (_signed, rest) = body(content, SEQUENCE)?;
    let (algorithm, _) = body(rest, SEQUENCE)?;
    let (identifier, _) = body(algorithm, OBJECT_IDENTIFIER)?;
    let (_, hash) = HASHES.iter().find(|(known, _)| *known == identifier)?;
    Some(digest(hash, certificate).as_ref().to_vec())
}

/// Returns the part of a certificate after its version and serial number.
fn behind_the_serial(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = body(certificate, SEQUENCE)?;
    let (signed, _) = body(certificate, SEQUENCE)?;
    let rest = body(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_serial, rest) = body(rest, INTEGER)?;
    Some(rest)
}

/// Returns the time at the start, and the rest. A year of two digits is between 1950 and
/// 2049.
fn time(input: &[u8]) -> Option<(i64, &[u8])> {
    let (text, rest, digits) = match (body(input, UTC_TIME), body(input, GENERALIZED_TIME)) {
        (Some((text, rest)), _) => (text, rest, 2),
        (None, Some((text, rest))) => (text, rest, 4),
        (None, None) => return None,
    };
    let (year, text) = number(text, digits)?;
    let year = match (digits, year) {
        (2, ..50) => 2000 + year,
        (2, _) => 1900 + year,
        _ => year,
    };
    let (month, text) = number(text, 2)?;
    let (day, text) = number(text, 2)?;
    let (hour, text) = number(text, 2)?;
    let (minute, text) = number(text, 2)?;
    let (second, text) = number(text, 2)?;
    let days = days(year, month, day);
    (text == b"Z").then_some((days * 86_400 + hour * 3_600 + minute * 60 + second, rest))
}

/// Returns the number of `digits` digits at the start, and the rest.
fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, rest))
}

/// The days since 1970 in the Gregorian calendar. The year begins in March, so that the
/// leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        ..=2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap + (153 * month + 2) / 5 + day - 719_469
}

/// Returns the content of the element at the start if it has this tag, and the rest.
fn body(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    if length < 0x80 {
        return rest.split_at_checked(usize::from(length));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    let length = digits
        .iter()
        .fold(0, |length, digit| length << 8 | usize::from(*digit));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::{HASHES, body, channel_binding, days, public_key, validity};

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(days(2100, 3, 1), 47_541);
        assert_eq!(days(1969, 12, 31), -1);
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        let times = b"\x17\x0d700101000001Z\x18\x0f20500101000000Z";
        let validity_of = |times: &[u8]| {
            let length = |more: usize| u8::try_from(times.len() + more).expect("small");
            let head = [
                0x30,
                length(11),
                0x30,
                length(9),
                2,
                1,
                9,
                0x30,
                0,
                0x30,
                0,
                0x30,
            ];
            validity(&[&head, [length(0)].as_slice(), times].concat())
        };
        assert_eq!(validity_of(times), Some(1..=2_524_608_000));
        assert_eq!(validity_of(b"\x17\x0b7001010000Z"), None);
        assert_eq!(validity_of(b"\x17\x0d70010100000xZ"), None);
    }

    #[test]
    fn the_public_key_is_found_with_and_without_a_version() {
        let old = [
            0x30, 17, 0x30, 15, 2, 1, 9, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 2, 5, 0,
        ];
        assert_eq!(public_key(&old), Some([0x30, 2, 5, 0].as_slice()));
        let new = [
            0x30, 18, 0x30, 16, 0xa0, 0, 2, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 2, 5, 0,
        ];
        assert_eq!(public_key(&new), Some([0x30, 2, 5, 0].as_slice()));
    }

    #[test]
    fn the_hash_of_the_signature_binds_the_channel() {
        let certificate = |identifier: &[u8]| {
            let length = |more: usize| u8::try_from(identifier.len() + more).expect("small");
            let head = [0x30, length(6), 0x30, 0, 0x30, length(2), 6, length(0)];
            [&head, identifier].concat()
        };
        let lengths = HASHES.map(|(identifier, _)| {
            channel_binding(&certificate(identifier)).map(|binding| binding.len())
        });
        assert_eq!(
            lengths.map(Option::unwrap_or_default),
            [32, 32, 32, 48, 64, 32, 32, 48, 64]
        );
        assert_eq!(
            channel_binding(&certificate(b"\x2b\x65\x70")),
            None,
            "Ed25519"
        );
        assert_eq!(channel_binding(&[0x30, 2, 0x30, 0]), None, "no signature");
    }

    #[test]
    fn a_truncated_element_is_refused() {
        assert_eq!(body(&[0x30, 3, 0], 0x30), None);
        assert_eq!(body(&[0x30, 0x80], 0x30), None);
        assert_eq!(body(&[0x30, 0x85, 0, 0, 0, 0, 0], 0x30), None);
        assert_eq!(
            body(&[0x30, 0x81, 1, 7], 0x30),
            Some(([7].as_slice(), [].as_slice()))
        );
        assert_eq!(public_key(&[]), None);
    }
}
