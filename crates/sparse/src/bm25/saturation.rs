//! The term-frequency part of BM25.

use embedkit_core::{Error, Result};

/// The numbers of BM25's formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Saturation {
    /// How soon further occurrences of a term cease to add weight, from 0.
    pub k: f64,
    /// How much a text's length counts against it, from 0 to 1.
    pub b: f64,
    /// Average length of the texts, in terms; above 0.
    pub avg_len: f64,
}

impl Saturation {
    /// The weight of a term that occurs `count` times in a text of `length` terms:
    /// `count · (k + 1) / (count + k · (1 − b + b · length / avg_len))`, in the reference's order of operations.
    pub fn weight(&self, count: u32, length: u32) -> f64 {
        let Self { k, b, avg_len } = *self;
        let count = f64::from(count);
        count * (k + 1.0) / (count + k * (1.0 - b + b * f64::from(length) / avg_len))
    }

    /// Checks that the numbers are in range.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming the one that is not.
    pub fn check(self) -> Result<Self> {
        let checks = [
            ("k", self.k, self.k.is_finite() && self.k >= 0.0, "must be a number from 0"),
            ("b", self.b, (0.0..=1.0).contains(&self.b), "must be from 0 to 1"),
            ("avg-len", self.avg_len, self.avg_len.is_finite() && self.avg_len > 0.0, "must be a number above 0"),
        ];
        match checks.into_iter().find(|(_, _, right, _)| !right) {
            Some((name, value, _, rule)) => Err(Error::option(name, format!("{rule}, not {value}"))),
            None => Ok(self),
        }
    }
}
