//! How inputs are put into batches.

use super::bounds::BatchBounds;
use crate::{Error, Result};

/// How inputs are put into batches, as far as the caller says; what is left open is what suits the hardware.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batching {
    /// Most rows. Default: no bound.
    pub rows: Option<usize>,
    /// Most tokens, padding included: rows times the longest row. Default: 512 on the CPU, 8192 on other hardware.
    pub tokens: Option<usize>,
    /// Most cells of the attention matrices: rows times the longest row's square. Default: 262,144 on the CPU, 4,194,304
    /// on other hardware.
    pub attention: Option<usize>,
    /// What a run costs beside the tokens it computes, in tokens: rows of other lengths share a batch
    /// only where their padding costs less than runs of their own. Default: 16 on the CPU, 128 on other hardware.
    pub overhead: Option<usize>,
    /// Runs each row alone, so that its result cannot depend on others: for graphs that scale
    /// activations by the batch at hand (dynamic quantisation). Default: no.
    pub invariant: bool,
}

impl Batching {
    /// The bounds on the CPU, or on other hardware.
    ///
    /// On CPUs larger batches are slower, because activations fall out of the caches, and starting a run costs little: of
    /// 128 to 2048 tokens, graphs of 384 to 1024 dimensions are at their best with 256 to 512, and lose up to a tenth with
    /// 1024. An accelerator computes many tokens in the time of few, and each run waits for several hundred kernels to start.
    pub(crate) fn on(&self, is_accelerator: bool) -> BatchBounds {
        let (tokens, attention, overhead) = if is_accelerator { (8192, 1 << 22, 128) } else { (512, 1 << 18, 16) };
        BatchBounds {
            rows: self.rows,
            tokens: self.tokens.unwrap_or(tokens),
            attention: self.attention.unwrap_or(attention),
            overhead: self.overhead.unwrap_or(overhead),
            invariant: self.invariant,
        }
    }

    /// Refuses bounds that no batch fits.
    pub(crate) fn check(&self) -> Result<()> {
        let bounds = [("batch_size", self.rows), ("batch_tokens", self.tokens), ("batch_attention", self.attention)];
        match bounds.into_iter().find(|(_, bound)| *bound == Some(0)) {
            Some((option, _)) => Err(Error::option(option, "must be at least 1")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_leaves_open_suits_the_hardware() {
        let batching = Batching { tokens: Some(4096), ..Batching::default() };
        let (cpu, other) = (batching.on(false), batching.on(true));
        assert_eq!((cpu.tokens, cpu.attention, cpu.overhead), (4096, 1 << 18, 16));
        assert_eq!((other.tokens, other.attention, other.overhead), (4096, 1 << 22, 128));
        assert_eq!((Batching::default().on(false).tokens, Batching::default().on(true).tokens), (512, 8192));
    }

    #[test]
    fn bounds_of_zero_are_refused() {
        for batching in [
            Batching { rows: Some(0), ..Batching::default() },
            Batching { tokens: Some(0), ..Batching::default() },
            Batching { attention: Some(0), ..Batching::default() },
        ] {
            assert!(matches!(batching.check(), Err(Error::InvalidOption { .. })), "{batching:?}");
        }
    }
}
