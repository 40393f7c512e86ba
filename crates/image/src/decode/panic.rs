//! Panics of the decoders that are not ours, as errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use embedkit_core::Result;

use super::undecodable;

/// A decoder panicked.
#[derive(Debug, thiserror::Error)]
#[error("its decoder panicked: {0}")]
struct Panicked(String);

/// Calls a decoder, and makes a panic the error of this one image. Nothing of a decoder is used after that. A program built
/// with `panic = "abort"` still ends.
pub(super) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| undecodable(Panicked(message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "what is tested is a panic")]

    use embedkit_core::Error;

    use super::*;

    #[test]
    fn a_panic_is_the_inputs_error() {
        assert!(matches!(catch_panic(|| 1), Ok(1)));
        let Err(error @ Error::InvalidInput { .. }) = catch_panic(|| -> u8 { panic!("tile {}", 3) }) else { panic!() };
        assert!(error.report().contains("its decoder panicked: tile 3"), "{error:?}");
    }
}
