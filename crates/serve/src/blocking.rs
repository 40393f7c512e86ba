//! Work off the async threads.

use std::time::Duration;

use crate::error::{ApiError, ApiResult, Case};

/// When a client of a server that ends may ask again: another one, most likely, will answer.
pub(crate) const RETRY_ELSEWHERE: Duration = Duration::from_secs(1);

/// Runs work off the async threads. A panic goes on where it is waited for.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> ApiResult<T> + Send + 'static,
) -> ApiResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ApiError::new(Case::Unavailable(RETRY_ELSEWHERE), "the server ends")),
    }
}
