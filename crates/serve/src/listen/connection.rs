//! One connection.

use std::sync::Arc;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::timed::{Phase, Timed};
use crate::app::Stage;

/// Bytes of a request's head after which no more are read; with those of one more reading it has at most twice as many.
const MOST_HEAD: usize = 32 << 10;

/// Serves one connection until it ends.
pub(super) async fn serve_connection<S>(stream: S, router: Router, mut stage: watch::Receiver<Stage>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let phase = Arc::new(Phase::default());
    let in_service = phase.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, phase) = (router.clone(), in_service.clone());
        async move {
            phase.begin();
            let answer = router.oneshot(request.map(axum::body::Body::new)).await;
            phase.end();
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Time limits are those of `Timed`, which knows idle connections from slow heads.
        .header_read_timeout(None)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(Timed::new(stream, phase)), service);
    let mut connection = std::pin::pin!(connection);
    let closing = async {
        let _ = stage.wait_for(|stage| *stage != Stage::Open).await;
    };
    let ended = match futures_util::future::select(connection.as_mut(), std::pin::pin!(closing)).await {
        futures_util::future::Either::Left((ended, _)) => ended,
        futures_util::future::Either::Right(_) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
