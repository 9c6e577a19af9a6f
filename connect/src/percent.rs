//! Percent-encoding, both ways.

use std::fmt::Write as _;

/// Decodes `%41` to `A`; `None` if an escape is broken, stands for a zero byte,
/// or the result is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        match digit(bytes.next()?)? * 16 + digit(bytes.next()?)? {
            0 => return None,
            escaped => decoded.push(escaped),
        }
    }
    String::from_utf8(decoded).ok()
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

/// Encodes all bytes but the unreserved ones of RFC 3986 and those in `keep`.
pub(crate) fn encode(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn decoding_reverses_encoding() {
        let text = "a b@c/d:e%f\u{e9}?#&=";
        assert_eq!(decode(&encode(text, b"")).as_deref(), Some(text));
        assert_eq!(encode("/tmp/x y", b"/"), "/tmp/x%20y");
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for text in ["%", "%4", "%zz", "a%4", "%00", "%ff", "%-1", "%+1"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
