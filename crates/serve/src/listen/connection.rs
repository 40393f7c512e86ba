//! One connection.

use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, EXPECT};
use futures_util::future::{Either, select};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::body::Lent;
use super::phase::Phase;
use super::timed::Timed;
use crate::app::Stage;
use crate::http::MOST_HEAD;

/// Bytes of a request's head after which no more are read. With those of the last reading it may be longer, which is
/// refused where heads are looked at.
const MOST_READ: usize = MOST_HEAD + 1;

/// Serves one connection until it ends.
pub(super) async fn serve_connection<S>(
    stream: S,
    router: Router,
    mut stage: watch::Receiver<Stage>,
    phase: &Arc<Phase>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let in_service = phase.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, phase) = (router.clone(), in_service.clone());
        async move {
            phase.begin();
            // Who waits to be told to send the body is told no, and sends none.
            let waits = request.headers().contains_key(EXPECT);
            let (head, body) = request.into_parts();
            let (body, left) = Lent::new(body);
            let answer = router.oneshot(hyper::Request::from_parts(head, Body::new(body))).await;
            let is_read = left.drain(!waits).await;
            phase.end();
            answer.map(|mut answer| {
                // The connection ends behind the answer, and the client has to know.
                if !is_read {
                    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                answer
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Time limits are those of `Timed`, which knows idle connections from slow heads.
        .header_read_timeout(None)
        .max_buf_size(MOST_READ)
        .serve_connection(TokioIo::new(Timed::new(stream, phase.clone())), service);
    let mut connection = pin!(connection);
    let closing = async {
        let _ = stage.wait_for(|stage| *stage != Stage::Open).await;
    };
    let served = async {
        match select(connection.as_mut(), pin!(closing)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(_) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    match select(pin!(served), pin!(phase.left())).await {
        Either::Left((Ok(()), _)) => {}
        Either::Left((Err(error), _)) => tracing::debug!(%error, "a connection ended early"),
        Either::Right(_) => tracing::debug!("a connection that asked nothing made room for another"),
    }
}
