//! Request bodies of which nothing may be left: what is left stands before the next request of the connection.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Bytes that are read of a body that nobody wanted, and for how long, before the connection is rather ended.
const MOST: u64 = 1 << 16;
const PATIENCE: Duration = Duration::from_millis(200);

/// A body that is given back when it is dropped before its end.
pub(super) struct Lent {
    body: Option<Incoming>,
    left: Left,
}

/// Where it is given back to.
#[derive(Clone, Default)]
pub(super) struct Left(Arc<Mutex<Option<Incoming>>>);

impl Lent {
    pub(super) fn new(body: Incoming) -> (Self, Left) {
        let left = Left::default();
        (Self { body: Some(body), left: left.clone() }, left)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.is_end_stream());
        *self.left.0.lock().unwrap_or_else(PoisonError::into_inner) = unread;
    }
}

impl Left {
    /// Reads what is left, if it comes and is little; whether nothing is left then.
    pub(super) async fn drain(self, comes: bool) -> bool {
        let Some(body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return true };
        if !comes {
            return false;
        }
        let mut body = pin!(body);
        let read = async {
            let mut bytes = body.size_hint().lower();
            while bytes <= MOST {
                match std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await {
                    None => return true,
                    Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
                    Some(Err(_)) => return false,
                }
                if body.is_end_stream() {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap_or(false)
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.body.as_mut() {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Incoming::size_hint).unwrap_or_default()
    }
}
