//! Why a verb did not succeed.

use std::fmt;

/// What a verb gives: done, or why not.
pub(crate) type Outcome = Result<(), Failure>;

/// What a verb should have done or found in order, and did not.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// A failure of these words.
pub(crate) fn failed(message: impl Into<String>) -> Failure {
    Failure(message.into())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
