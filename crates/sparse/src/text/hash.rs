//! From a term to its index.

/// MurmurHash3, the 32-bit variant for x86 (Austin Appleby, public domain, `MurmurHash3_x86_32`).
pub fn murmur3_32(bytes: &[u8], seed: u32) -> u32 {
    let scramble = |k: u32| k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = seed;
    let mut blocks = bytes.chunks_exact(4);
    for block in &mut blocks {
        hash ^= scramble(u32::from_le_bytes([block[0], block[1], block[2], block[3]]));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let tail = blocks.remainder().iter().rev().fold(0, |k: u32, byte| k << 8 | u32::from(*byte));
    hash ^= scramble(tail) ^ bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// How many indices [`term_index`] has.
pub const TERM_INDICES: u64 = (1 << 31) + 1;

/// The index of a term in hashed index spaces: its [`murmur3_32`] with seed 0 as a signed number,
/// without the sign, so from 0 to 2³¹ inclusive.
///
/// Different terms may have one index: about one pair in a vocabulary of 65 000.
pub fn term_index(term: &str) -> u32 {
    murmur3_32(term.as_bytes(), 0).cast_signed().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        for (text, seed, expected) in [
            ("", 0, 0),
            ("", 1, 0x514e_28b7),
            ("test", 0, 0xba6b_d213),
            ("Hello, world!", 0, 0xc036_3e43),
            ("The quick brown fox jumps over the lazy dog", 0x9747_b28c, 0x2fa8_26cd),
        ] {
            assert_eq!(murmur3_32(text.as_bytes(), seed), expected, "{text}");
        }
    }

    #[test]
    fn indices_lose_the_sign() {
        for (term, signed) in [
            ("hello", 613_153_351_i64),
            ("world", -74_040_069),
            ("quick", 771_291_085),
            ("kitchens", 358_434_922),
            ("prostaglandins", -358_434_922),
            ("ad1u66pi", -2_147_483_648),
            ("naïve", 992_511_445),
            ("привет", 993_413_998),
            ("中文", -618_237_545),
        ] {
            assert_eq!(i64::from(term_index(term)), signed.abs(), "{term}");
            assert!(u64::from(term_index(term)) < TERM_INDICES, "{term}");
        }
    }
}
