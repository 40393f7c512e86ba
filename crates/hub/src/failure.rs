//! Why one try failed.

use std::time::Duration;

use crate::HubError;

/// Why one try failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: HubError,
    /// Whether so much was achieved that earlier failures no longer count.
    pub(crate) progressed: bool,
    /// The wait that the server asks for.
    pub(crate) retry_after: Option<Duration>,
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self { error, progressed: false, retry_after: None }
    }
}
