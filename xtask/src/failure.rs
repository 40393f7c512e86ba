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

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
