//! What is told of a run.

use std::time::Duration;

/// A batch that ran.
pub(crate) struct RunRecord {
    pub(crate) inputs: usize,
    pub(crate) tokens: usize,
    /// The tokens of the longest, to which all are padded; none where they are not.
    pub(crate) longest: Option<usize>,
    pub(crate) truncated: usize,
    /// What its inputs waited, in all.
    pub(crate) waited: Duration,
    pub(crate) prepare: Duration,
    pub(crate) run: Duration,
    pub(crate) is_failure: bool,
}
