//! ONNX Runtime: the one module that touches `ort`.

mod bad_output;
mod external;
mod open;
mod options;
mod pool;
mod provider;
mod quantized;
mod queue;
pub mod runtime;
mod scheduler;
mod slot;
mod tensor;
mod weights;

pub use bad_output::BadOutput;
pub use options::{Optimization, ProviderChoice, SessionOptions, usable_cores};
pub use pool::{Outputs, SessionPool};
pub use provider::Provider;
pub use quantized::{WeightQuantization, quantize_files};
pub(crate) use quantized::{check_quantizable, quantized};
pub use runtime::{Runtime, RuntimeError, RuntimeOptions, RuntimeOrigin, runtime};
pub use tensor::{Output, Precision, Tensor};
