//! The architectures: from pairs of texts to scores.

mod activation;
mod causal_lm;
mod cross_encoder;
mod query;

pub use causal_lm::CausalLm;
pub use cross_encoder::CrossEncoder;
