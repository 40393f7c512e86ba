//! Keeps panics of the tokenizer library from the caller.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{BoxError, Error, Result};

/// Makes a panic in a call into the tokenizer library an error, as the library's other failures are.
///
/// The library unwraps what it finds in a `tokenizer.json`, when it reads one and when it uses it (found by fuzzing);
/// checking all that before would be a second reader of the format. What a panic left half done is dropped or, of a
/// loaded tokenizer, a cache of words whose entries are written whole. Where panics abort the process they still do.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T>, failed: impl FnOnce(BoxError) -> Error) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(failed(format!("the tokenizer library panicked: {}", text.unwrap_or("without a message")).into()))
    })
}
