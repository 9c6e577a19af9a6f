//! `SipHash` 1-3 with the key zero, the hash of checksums and fingerprints.
//!
//! A macro and a build script hash every script, and cargo compiles both without optimisation. So
//! this file works on numbers and indexes, with few calls.

/// A hash over bytes that are added one after the other.
pub(super) struct SipHash13 {
    state: [u64; 4],
    /// The bytes that are not hashed yet, as the low bytes of a word.
    tail: u64,
    length: usize,
}

impl SipHash13 {
    pub(super) fn new() -> SipHash13 {
        SipHash13 {
            // The definition of SipHash has these numbers.
            state: [
                0x736f_6d65_7073_6575,
                0x646f_7261_6e64_6f6d,
                0x6c79_6765_6e65_7261,
                0x7465_6462_7974_6573,
            ],
            tail: 0,
            length: 0,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        let mut at = 0;
        let mut tail = self.tail;
        let mut shift = self.length % 8 * 8;
        self.length = self.length.wrapping_add(bytes.len());
        while bytes.len() - at >= 8 {
            let word = u64::from_le_bytes([
                bytes[at],
                bytes[at + 1],
                bytes[at + 2],
                bytes[at + 3],
                bytes[at + 4],
                bytes[at + 5],
                bytes[at + 6],
                bytes[at + 7],
            ]);
            self.word(tail | word << shift);
            tail = if shift == 0 { 0 } else { word >> (64 - shift) };
            at += 8;
        }
        while at < bytes.len() {
            tail |= u64::from(bytes[at]) << shift;
            shift += 8;
            if shift == 64 {
                self.word(tail);
                tail = 0;
                shift = 0;
            }
            at += 1;
        }
        self.tail = tail;
    }

    pub(super) fn finish(mut self) -> u64 {
        // The highest byte of the last word is the length modulo 256.
        let length = u64::from(self.length.to_le_bytes()[0]);
        self.word(self.tail | length << 56);
        let [a, b, c, d] = self.state;
        let mut state = [a, b, c ^ 0xff, d];
        for _ in 0..3 {
            state = round(state);
        }
        let [a, b, c, d] = state;
        a ^ b ^ c ^ d
    }

    fn word(&mut self, word: u64) {
        let [a, b, c, d] = self.state;
        let [a, b, c, d] = round([a, b, c, d ^ word]);
        self.state = [a ^ word, b, c, d];
    }
}

fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use proptest::prelude::*;
    use siphasher::sip::SipHasher13;

    use super::SipHash13;

    fn assert_equal(parts: &[&[u8]]) {
        let (mut ours, mut theirs) = (SipHash13::new(), SipHasher13::new());
        for part in parts {
            ours.write(part);
            theirs.write(part);
        }
        assert_eq!(ours.finish(), theirs.finish());
    }

    #[test]
    fn a_text_of_any_length_has_the_same_hash_as_in_another_implementation() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        for length in 0..bytes.len() {
            assert_equal(&[&bytes[..length]]);
            assert_equal(&[&bytes[..length % 17], b"", &bytes[..length], &bytes[..3]]);
        }
    }

    proptest! {
        #[test]
        fn parts_are_hashed_as_in_another_implementation(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)
        ) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            assert_equal(&parts);
        }
    }
}
