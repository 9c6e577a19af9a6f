//! Finds the public key in a certificate that webpki does not parse, as one of
//! X.509 version 1: what `openssl x509 -req` makes without extensions.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;

/// The `SubjectPublicKeyInfo` of a certificate in DER (RFC 5280, section 4.1).
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = body(certificate, SEQUENCE)?;
    let (signed, _) = body(certificate, SEQUENCE)?;
    let rest = body(signed, VERSION).map_or(signed, |(_, rest)| rest);
    let (_serial, mut rest) = body(rest, INTEGER)?;
    for _signature_issuer_validity_subject in 0..4 {
        (_, rest) = body(rest, SEQUENCE)?;
    }
    let (_, after) = body(rest, SEQUENCE)?;
    rest.get(..rest.len() - after.len())
}

/// The content of the element at the start, if it has that tag, and what
/// follows it.
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
    use super::{body, public_key};

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
    fn what_is_cut_short_is_refused() {
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
