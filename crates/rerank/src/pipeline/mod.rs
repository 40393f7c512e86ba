//! The architectures: from pairs of texts to scores.

mod activation;
mod causal_lm;
mod cross_encoder;

pub use causal_lm::CausalLm;
pub use cross_encoder::CrossEncoder;

use embedkit_core::tokenizer::Encoding;
use embedkit_core::{Prepared, Stage, Usage};

/// An encoded pair, ready to run.
fn prepared(item: Encoding) -> Prepared<Encoding, f32> {
    let (usage, length) = (Usage::from(&item), item.ids.len());
    Prepared { stage: Stage::Run { item, length, bytes: length * size_of::<u64>() }, usage }
}
