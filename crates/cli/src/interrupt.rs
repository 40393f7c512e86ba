//! Ctrl-C and termination end a run between two batches, at the second time at once.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use embedkit::CancelToken;

use crate::failure::{Failure, Result};

/// Signals that come within so long are one: some programs that end another tell both it and its group.
const ONE_MOMENT: Duration = Duration::from_millis(200);

/// The token that Ctrl-C cancels.
pub(crate) fn token() -> Result<CancelToken> {
    static TOKEN: OnceLock<CancelToken> = OnceLock::new();
    if let Some(token) = TOKEN.get() {
        return Ok(token.clone());
    }
    let token = TOKEN.get_or_init(CancelToken::new).clone();
    let in_handler = token.clone();
    let mut last: Option<Instant> = None;
    ctrlc::set_handler(move || {
        if last.is_some_and(|last| last.elapsed() < ONE_MOMENT) {
            return;
        }
        last = Some(Instant::now());
        if in_handler.is_cancelled() {
            leave();
        }
        in_handler.cancel();
    })
    .map_err(|error| Failure::Failed(format!("Ctrl-C cannot be listened to: {error}")))?;
    Ok(token)
}

/// Ends work of which nothing is kept, where Ctrl-C was pressed.
#[cfg(feature = "onnx")]
pub(crate) fn go_on(cancel: &CancelToken) -> Result<()> {
    match cancel.is_cancelled() {
        true => Err(Failure::Kept("interrupted; nothing was written".to_owned())),
        false => Ok(()),
    }
}

/// Ends the process with nothing more, since the user asked twice: an ordinary end waits for the batches that run.
fn leave() {
    /// What a shell says of a program that Ctrl-C ended.
    const INTERRUPTED: i32 = 130;
    #[cfg(unix)]
    // SAFETY: it takes a number and does not return.
    #[allow(unsafe_code, reason = "the standard library has no other end than the ordinary one")]
    unsafe {
        libc::_exit(INTERRUPTED)
    }
    #[cfg(not(unix))]
    #[allow(clippy::exit, reason = "the system ends threads first, and waits for none")]
    std::process::exit(INTERRUPTED)
}
