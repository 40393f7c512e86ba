//! Ctrl-C and termination end a run between two batches, at the second time at once.

use std::sync::OnceLock;

use embedkit::CancelToken;

use crate::failure::{Failure, Result};

/// The token that Ctrl-C cancels.
pub(crate) fn token() -> Result<CancelToken> {
    static TOKEN: OnceLock<CancelToken> = OnceLock::new();
    if let Some(token) = TOKEN.get() {
        return Ok(token.clone());
    }
    let token = TOKEN.get_or_init(CancelToken::new).clone();
    let in_handler = token.clone();
    ctrlc::set_handler(move || {
        if in_handler.is_cancelled() {
            leave();
        }
        in_handler.cancel();
    })
    .map_err(|error| Failure::Failed(format!("Ctrl-C cannot be listened to: {error}")))?;
    Ok(token)
}

#[allow(clippy::exit, reason = "the user asked twice; a batch may take long")]
fn leave() {
    std::process::exit(130);
}
