//! numpy's `default_rng`, as far as MUVERA draws from it: seeding, PCG64, the standard normal,
//! and the choice between two values.
//!
//! Sources: O'Neill 2014 (PCG, the XSL-RR 128/64 variant), O'Neill 2015 (`seed_seq` repaired,
//! from which numpy's `SeedSequence` derives), Marsaglia & Tsang 2000 (the ziggurat). `exp` and `ln_1p`
//! are the platform's, as numpy's are; a normal beyond ±3.65 may differ in its last bit between platforms.

use super::ziggurat::{HEIGHTS, KEYS, WIDTHS};

const MULTIPLIER: u128 = 47_026_247_687_942_121_848_144_207_491_837_523_525;
/// Where the ziggurat's lowest layer meets the tail, and its inverse.
const TAIL: f64 = 3.654_152_885_361_009;
const TAIL_INVERSE: f64 = 0.273_661_237_329_758_3;

/// A generator of the same numbers as `numpy.random.default_rng(seed)`.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    state: u128,
    increment: u128,
    /// The high half of a draw whose low half was taken.
    half: Option<u32>,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        let [a, b, c, d] = seed_words(seed);
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let mut generator = Self { state: 0, increment: wide(c, d) << 1 | 1, half: None };
        generator.step();
        generator.state = generator.state.wrapping_add(wide(a, b));
        generator.step();
        generator
    }

    /// A number of the standard normal distribution.
    pub(super) fn normal(&mut self) -> f64 {
        loop {
            let draw = self.next_u64();
            let layer = (draw & 255) as usize;
            let mantissa = draw >> 9 & ((1 << 52) - 1);
            let x = signed(draw >> 8, mantissa as f64 * f64::from_bits(WIDTHS[layer]));
            if mantissa < KEYS[layer] {
                return x;
            }
            if layer == 0 {
                return signed(mantissa >> 8, self.tail());
            }
            let (above, below) = (f64::from_bits(HEIGHTS[layer - 1]), f64::from_bits(HEIGHTS[layer]));
            if (above - below) * self.uniform() + below < (-0.5 * x * x).exp() {
                return x;
            }
        }
    }

    /// −1 or 1, equally likely.
    pub(super) fn sign(&mut self) -> f64 {
        if self.next_u32() >> 31 == 0 { -1.0 } else { 1.0 }
    }

    /// A number beyond the lowest layer's edge.
    fn tail(&mut self) -> f64 {
        loop {
            let beyond = -TAIL_INVERSE * (-self.uniform()).ln_1p();
            let height = -(-self.uniform()).ln_1p();
            if 2.0 * height > beyond * beyond {
                return TAIL + beyond;
            }
        }
    }

    fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn next_u32(&mut self) -> u32 {
        self.half.take().unwrap_or_else(|| {
            let draw = self.next_u64();
            self.half = Some((draw >> 32) as u32);
            draw as u32
        })
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        let (high, low) = ((self.state >> 64) as u64, self.state as u64);
        (high ^ low).rotate_right((high >> 58) as u32)
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }
}

/// Negative if the lowest bit says so.
fn signed(bits: u64, magnitude: f64) -> f64 {
    if bits & 1 == 1 { -magnitude } else { magnitude }
}

/// numpy's `SeedSequence(seed).generate_state(4, uint64)`.
fn seed_words(seed: u64) -> [u64; 4] {
    let mut hash = Hash { constant: 0x43b0_d7e5, multiplier: 0x931e_8875 };
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.mix_in(word));
    for from in 0..pool.len() {
        for to in (0..pool.len()).filter(|&to| to != from) {
            pool[to] = combine(pool[to], hash.mix_in(pool[from]));
        }
    }
    let mut hash = Hash { constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded };
    let mut words = pool.iter().cycle().map(|&word| u64::from(hash.mix_in(word)));
    std::array::from_fn(|_| words.next().unwrap_or_default() | words.next().unwrap_or_default() << 32)
}

/// A multiplicative hash whose constant moves on with every word.
struct Hash {
    constant: u32,
    multiplier: u32,
}

impl Hash {
    fn mix_in(&mut self, word: u32) -> u32 {
        let word = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        fold(word.wrapping_mul(self.constant))
    }
}

fn combine(a: u32, b: u32) -> u32 {
    fold(a.wrapping_mul(0xca01_f9dd).wrapping_sub(b.wrapping_mul(0x4973_f715)))
}

fn fold(word: u32) -> u32 {
    word ^ word >> 16
}
