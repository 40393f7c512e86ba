//! Panics of the tokenizer library, as errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The tokenizer library panicked.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer library panicked: {0}")]
pub(crate) struct Panicked(String);

/// Calls into the tokenizer library, and makes a panic an error as the library's other failures are.
///
/// The library unwraps what it finds in a `tokenizer.json`, both when it reads one and when it uses it (found by
/// fuzzing); to check all that beforehand would take a second reader of the format. What a panic leaves half done is
/// dropped or, in a loaded tokenizer, is a cache of words whose entries are written whole. A program built with
/// `panic = "abort"` still ends.
pub(crate) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| Panicked(message(&*panic)))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
