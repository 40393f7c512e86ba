//! A content on its way from an asynchronous library to a reader that waits.

use std::io::{self, Cursor, Read};
use std::pin::pin;
use std::sync::mpsc::{Receiver, sync_channel};

use futures_util::{Stream, StreamExt};

use crate::HubError;
use crate::failure::Failure;

/// Chunks that wait to be read; more are not fetched meanwhile.
const WAITING: usize = 8;

/// An answer whose content has begun to come.
pub(super) struct Incoming<S> {
    /// The bytes that come, when that is said beforehand.
    pub(super) length: Option<u64>,
    pub(super) chunks: S,
}

/// How long a content is, if that is known, and the content.
type Received = (Option<u64>, Box<dyn Read + Send>);

/// Opens a content and reads it on a thread with a runtime of its own, so that whoever reads may be anywhere, within
/// another runtime too. The thread ends with the content, or when nobody wants it any more.
pub(super) fn receive<S, B>(
    opening: impl Future<Output = Result<Option<Incoming<S>>, Failure>> + Send + 'static,
    address: &str,
) -> Result<Option<Received>, Failure>
where
    S: Stream<Item = io::Result<B>> + Send,
    B: AsRef<[u8]> + Send + 'static,
{
    let failed = |message: &str, source: Option<io::Error>| HubError::Network {
        url: address.to_owned(),
        message: message.to_owned(),
        retryable: false,
        source: source.map(Into::into),
    };
    let (opened, is_opened) = sync_channel(1);
    let (chunks, content) = sync_channel(WAITING);
    let transfer = async move {
        let incoming = match opening.await {
            Ok(Some(incoming)) => incoming,
            Ok(None) => return drop(opened.send(Ok(None))),
            Err(failure) => return drop(opened.send(Err(failure))),
        };
        if opened.send(Ok(Some(incoming.length))).is_err() {
            return;
        }
        let mut incoming = pin!(incoming.chunks);
        while let Some(chunk) = incoming.next().await {
            if chunks.send(chunk).is_err() {
                return;
            }
        }
    };
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        runtime.block_on(transfer);
        io::Result::Ok(())
    };
    let thread = std::thread::Builder::new().name("hf-hub".to_owned()).spawn(run);
    let thread = thread.map_err(|error| failed("no thread could be started for the transfer", Some(error)))?;
    match is_opened.recv() {
        Ok(answer) => Ok(answer?.map(|length| (length, Box::new(Content { chunks: content, current: None }) as _))),
        Err(_) => {
            let source = thread.join().ok().and_then(Result::err);
            Err(failed("the transfer ended before it began", source).into())
        }
    }
}

/// The chunks as one content.
struct Content<B> {
    chunks: Receiver<io::Result<B>>,
    current: Option<Cursor<B>>,
}

impl<B: AsRef<[u8]>> Read for Content<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(current) = &mut self.current {
                let count = current.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            // That the sender is gone before all came is told by the length, or the digest.
            let Ok(chunk) = self.chunks.recv() else { return Ok(0) };
            self.current = Some(Cursor::new(chunk?));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(chunks: Vec<io::Result<&'static str>>) -> Incoming<impl Stream<Item = io::Result<&'static str>>> {
        Incoming { length: None, chunks: futures_util::stream::iter(chunks) }
    }

    #[test]
    fn chunks_are_one_content_until_it_breaks_off() {
        let chunks = || vec![Ok("one "), Ok(""), Ok("two")];
        let (_, mut content) = receive(async move { Ok(Some(incoming(chunks()))) }, "a").unwrap().unwrap();
        assert_eq!(io::read_to_string(&mut content).unwrap(), "one two");

        let broken = [chunks(), vec![Err(io::ErrorKind::TimedOut.into())]].into_iter().flatten().collect();
        let (_, mut content) = receive(async move { Ok(Some(incoming(broken))) }, "a").unwrap().unwrap();
        let mut text = String::new();
        assert_eq!(content.read_to_string(&mut text).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_library_that_panics_is_an_error() {
        let opening = async move {
            let is_fine = std::hint::black_box(false);
            assert!(is_fine, "as a library might");
            Ok(Some(incoming(Vec::new())))
        };
        let failure = receive(opening, "https://hub/x").map(drop).unwrap_err();
        assert!(failure.error.to_string().contains("https://hub/x"), "{}", failure.error);
    }

    /// A runtime may neither be started nor dropped within another one.
    #[test]
    fn callers_may_be_in_a_runtime_of_their_own() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (_, mut content) = receive(async { Ok(Some(incoming(vec![Ok("x")]))) }, "a").unwrap().unwrap();
            assert_eq!(io::read_to_string(&mut content).unwrap(), "x");
        });
    }
}
