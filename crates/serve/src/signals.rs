//! What tells a server to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Error;
use crate::app::App;

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In good order.
    Gracefully,
    /// It was told twice, and left at once what was under way.
    AtOnce,
}

/// Tells a server to stop: at the first time in good order, at the second at once.
#[derive(Clone, Debug)]
pub struct Handle(mpsc::UnboundedSender<()>);

impl Handle {
    /// Tells the server to stop. One that has ended needs no telling.
    pub fn stop(&self) {
        let _ = self.0.send(());
    }
}

/// Requests to stop, in the order in which they come.
pub(crate) struct Signals(mpsc::UnboundedReceiver<()>);

impl Signals {
    /// Requests to stop, and what makes them.
    pub(crate) fn new() -> (Handle, Self) {
        let (send, receive) = mpsc::unbounded_channel();
        (Handle(send), Self(receive))
    }

    /// Waits for the first one, unless something else ends the server before.
    pub(crate) async fn first(&mut self, failure: impl Future<Output = Error>) -> Result<(), Error> {
        use futures_util::future::{Either, select};
        let signal = self.0.recv();
        match select(std::pin::pin!(signal), std::pin::pin!(failure)).await {
            Either::Left(_) => Ok(()),
            Either::Right((error, _)) => Err(error),
        }
    }

    /// Waits for the end, or for one more, which ends the server at once.
    pub(crate) async fn second(&mut self, end: impl Future<Output = ()>) -> Result<Ended, Error> {
        use futures_util::future::{Either, select};
        let signal = async {
            match self.0.recv().await {
                Some(()) => {}
                None => std::future::pending().await,
            }
        };
        Ok(match select(std::pin::pin!(end), std::pin::pin!(signal)).await {
            Either::Left(_) => Ended::Gracefully,
            Either::Right(_) => Ended::AtOnce,
        })
    }
}

/// Signals that come within so long are one: some programs that end a server tell both it and its group.
const ONE_MOMENT: Duration = Duration::from_millis(200);

/// Stops the server at every signal that comes later than a moment after the one before it that did.
async fn stop_at_each(mut signals: mpsc::UnboundedReceiver<()>, handle: Handle) {
    let mut last: Option<Instant> = None;
    while signals.recv().await.is_some() {
        if last.is_none_or(|last| last.elapsed() > ONE_MOMENT) {
            last = Some(Instant::now());
            handle.stop();
        }
    }
}

/// Listens to SIGTERM and SIGINT, which stop the server, and to SIGHUP, at which keys are read again.
#[cfg(unix)]
pub(crate) fn listen(app: &Arc<App>, handle: &Handle) -> Result<(), Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let system = |error| Error::system("signals cannot be listened to", error);
    let (told, signals) = mpsc::unbounded_channel();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let (mut signals, told) = (signal(kind).map_err(system)?, told.clone());
        tokio::spawn(async move { while signals.recv().await.is_some() && told.send(()).is_ok() {} });
    }
    tokio::spawn(stop_at_each(signals, handle.clone()));
    let (mut hangups, app) = (signal(SignalKind::hangup()).map_err(system)?, app.clone());
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            app.keys.read_again();
        }
    });
    Ok(())
}

/// Listens to Ctrl-C, which stops the server.
#[cfg(not(unix))]
pub(crate) fn listen(_: &Arc<App>, handle: &Handle) -> Result<(), Error> {
    let (told, signals) = mpsc::unbounded_channel();
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && told.send(()).is_ok() {} });
    tokio::spawn(stop_at_each(signals, handle.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_of_one_moment_are_one() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (handle, mut stops) = Signals::new();
            let (told, signals) = mpsc::unbounded_channel();
            tokio::spawn(stop_at_each(signals, handle));
            for (after, stopped) in [(0, 1), (0, 1), (50, 1), (100, 1), (100, 2), (190, 2), (1000, 3)] {
                tokio::time::sleep(Duration::from_millis(after)).await;
                told.send(()).unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
                assert_eq!(stops.0.len(), stopped, "after {after} ms");
            }
            stops.0.close();
        });
    }
}
