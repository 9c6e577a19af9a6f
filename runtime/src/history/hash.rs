//! Postgres's hash of a text, `hashtextextended`, computed by the client.
//!
//! It is Bob Jenkins's hash of 2006 as in Postgres's `src/common/hashfn.c`. Hash partitions depend
//! on it, so that no major version since 11 has changed it. On a big-endian server it has other
//! values.

/// The hash of a text for a database collation that is deterministic.
pub(super) fn hash_text(text: &[u8], seed: u64) -> u64 {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let start = 0x9e37_79b9_u32.wrapping_add(length).wrapping_add(3_923_095);
    let mut state = State {
        a: start,
        b: start,
        c: start,
    };
    if seed != 0 {
        let [b0, b1, b2, b3, a0, a1, a2, a3] = seed.to_le_bytes();
        state.add([
            u32::from_le_bytes([a0, a1, a2, a3]),
            u32::from_le_bytes([b0, b1, b2, b3]),
            0,
        ]);
        state.mix();
    }
    let (blocks, rest) = text.as_chunks::<12>();
    for block in blocks {
        state.add(words(*block));
        state.mix();
    }
    let mut last = [0; 12];
    last[..rest.len()].copy_from_slice(rest);
    let [a, b, c] = words(last);
    // The lowest byte of the third word is reserved for the length.
    state.add([a, b, c << 8]);
    state.finish();
    u64::from(state.b) << 32 | u64::from(state.c)
}

fn words(bytes: [u8; 12]) -> [u32; 3] {
    let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3] = bytes;
    [
        u32::from_le_bytes([a0, a1, a2, a3]),
        u32::from_le_bytes([b0, b1, b2, b3]),
        u32::from_le_bytes([c0, c1, c2, c3]),
    ]
}

struct State {
    a: u32,
    b: u32,
    c: u32,
}

impl State {
    fn add(&mut self, [a, b, c]: [u32; 3]) {
        self.a = self.a.wrapping_add(a);
        self.b = self.b.wrapping_add(b);
        self.c = self.c.wrapping_add(c);
    }

    fn mix(&mut self) {
        let State { a, b, c } = self;
        step(a, c, 4, b);
        step(b, a, 6, c);
        step(c, b, 8, a);
        step(a, c, 16, b);
        step(b, a, 19, c);
        step(c, b, 4, a);
    }

    fn finish(&mut self) {
        let State { a, b, c } = self;
        end(c, *b, 14);
        end(a, *c, 11);
        end(b, *a, 25);
        end(c, *b, 16);
        end(a, *c, 4);
        end(b, *a, 14);
        end(c, *b, 24);
    }
}

fn step(changed: &mut u32, other: &mut u32, bits: u32, third: &mut u32) {
    *changed = changed.wrapping_sub(*other) ^ other.rotate_left(bits);
    *other = other.wrapping_add(*third);
}

fn end(changed: &mut u32, other: u32, bits: u32) {
    *changed = (*changed ^ other).wrapping_sub(other.rotate_left(bits));
}

#[cfg(test)]
mod tests {
    use super::hash_text;

    /// The values are those of `SELECT hashtextextended(text, seed)`.
    #[test]
    fn the_hash_is_that_of_postgres() {
        for (text, seed, hash) in [
            ("", 0, -6_939_563_903_564_495_251),
            ("a", 0, 3_591_986_179_850_072_241),
            ("", 20_240_101_000_000, -7_488_553_074_386_264_394),
            ("12345678901", 1, 3_551_072_759_894_556_095),
            (
                "123456789012",
                20_240_101_000_000,
                3_383_907_981_108_095_965,
            ),
            ("1234567890123", 7, -4_618_054_767_851_285_840),
            (
                "18446744073709551615",
                20_240_101_120_000,
                6_618_034_361_308_596_585,
            ),
            (
                "a1b2c3d4_create_tenants_table",
                20_240_101_120_000,
                5_547_333_434_503_159_708,
            ),
            (
                "000000000000000000000000",
                9_223_372_036_854_775_807,
                -4_518_710_090_718_958_755,
            ),
        ] {
            assert_eq!(
                hash_text(text.as_bytes(), seed).cast_signed(),
                hash,
                "{text:?}"
            );
        }
    }
}
