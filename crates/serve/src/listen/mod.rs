//! Connections: accepted one by one, bounded in number and in time.
//!
//! `axum::serve` sets no time limit for a request's head, and cannot be told one, so the loop is ours, over hyper.

mod body;
mod connection;
mod crowd;
mod phase;
#[cfg(unix)]
mod socket;
mod timed;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::Error;
use crate::app::{App, Stage};
use connection::serve_connection;
use crowd::{Crowd, Member};
#[cfg(unix)]
pub(crate) use socket::SocketFile;

/// There are none on this system.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) enum SocketFile {}

/// Most connections at the same time.
const MOST_CONNECTIONS: usize = 4096;

/// A place where clients connect.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl Listener {
    /// Listens on an address and port.
    pub(crate) async fn tcp(host: &str, port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind((host, port)).await;
        listener.map(Self::Tcp).map_err(|source| Error::Listen { address: format!("{host}:{port}"), source })
    }

    /// Listens on a socket of the file system, whose file is there as long as what is given beside it.
    #[cfg(unix)]
    pub(crate) async fn unix(path: &Path) -> Result<(Self, SocketFile), Error> {
        let listening = SocketFile::listen(path).await;
        let (listener, file) =
            listening.map_err(|source| Error::Listen { address: path.display().to_string(), source })?;
        Ok((Self::Unix(listener), file))
    }

    #[cfg(not(unix))]
    pub(crate) async fn unix(_: &Path) -> Result<(Self, SocketFile), Error> {
        Err(Error::usage("unix-socket: this system has none"))
    }

    /// The address; none for sockets of the file system.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }
}

/// Serves connections until the stage is closing, and then until the last one has ended.
pub(crate) async fn serve(listener: Listener, app: Arc<App>, router: Router, mut stage: watch::Receiver<Stage>) {
    let (permits, crowd) =
        (Arc::new(Semaphore::new(MOST_CONNECTIONS)), Arc::new(Crowd::new(app.metrics.connections.clone())));
    // One is held by each connection; when all are dropped, the last has ended.
    let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
    let closing = stage.clone();
    let accept = accept_all(&listener, &permits, &crowd, |accepted, permit, member| {
        let (router, stage, alive) = (router.clone(), closing.clone(), alive.clone());
        tokio::spawn(async move {
            match accepted {
                Accepted::Tcp(stream) => serve_connection(stream, router, stage, &member.phase).await,
                #[cfg(unix)]
                Accepted::Unix(stream) => serve_connection(stream, router, stage, &member.phase).await,
            }
            drop((member, permit, alive));
        });
    });
    let closed = async move {
        // A sender that is gone closes too.
        let _ = stage.wait_for(|stage| *stage != Stage::Open).await;
    };
    futures_util::future::select(std::pin::pin!(accept), std::pin::pin!(closed)).await;
    drop(alive);
    drop(listener);
    ended.recv().await;
}

/// A place for the next connection, for which another has to go if there is none.
async fn place(permits: &Arc<Semaphore>, crowd: &Crowd) -> OwnedSemaphorePermit {
    /// Who was to go may have begun to ask meanwhile.
    const PATIENCE: Duration = Duration::from_millis(100);
    loop {
        if permits.available_permits() == 0 {
            crowd.make_room();
        }
        if let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, permits.clone().acquire_owned()).await {
            return permit;
        }
    }
}

/// A connection of either kind.
enum Accepted {
    Tcp(tokio::net::TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

async fn accept_all(
    listener: &Listener,
    permits: &Arc<Semaphore>,
    crowd: &Arc<Crowd>,
    serve: impl Fn(Accepted, OwnedSemaphorePermit, Member),
) {
    /// The system has no more files to give; some may be closed soon.
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        let permit = place(permits, crowd).await;
        let accepted = match listener {
            Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                // Without it small answers would wait for more to send.
                let _ = stream.set_nodelay(true);
                Accepted::Tcp(stream)
            }),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        };
        match accepted {
            Ok(accepted) => serve(accepted, permit, crowd.enter()),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
