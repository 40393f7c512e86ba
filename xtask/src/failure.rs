//! Why a verb did not succeed.

/// What a verb gives: done, or why not.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a verb did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line was not understood.
    Usage(String),
    /// What it should have done or found in order went wrong.
    Failed(String),
}
