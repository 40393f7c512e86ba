//! Prepared inputs that are run together.

use super::batching::Batching;
use super::control::Control;
use crate::{Prepared, Result, Stage, Usage};

/// An input's output and what it used.
pub(super) type Finished<O> = Result<(O, Usage)>;

/// Prepared inputs, ready to run.
pub(super) trait Window<O>: Send {
    /// Tokens to compute, and bytes held.
    fn cost(&self) -> WindowCost;

    /// One result an input, in their order.
    fn run(self: Box<Self>, batching: &Batching, control: &Control) -> Vec<Finished<O>>;
}

/// What a window computes and holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WindowCost {
    pub(super) tokens: usize,
    pub(super) bytes: usize,
}

impl<P, O> Prepared<P, O> {
    /// What is left to compute and held for it.
    pub(super) fn cost(&self) -> WindowCost {
        match self.stage {
            Stage::Run { length, bytes, .. } => WindowCost { tokens: length, bytes },
            Stage::Done(_) => WindowCost::default(),
        }
    }
}

impl std::ops::Add for WindowCost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { tokens: self.tokens + other.tokens, bytes: self.bytes + other.bytes }
    }
}
