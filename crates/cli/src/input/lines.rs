//! Lines as bytes, read on a thread of their own, so that waiting for one can be interrupted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use embedkit::CancelToken;

use crate::failure::{Failure, Result};

/// Lines read ahead.
const AHEAD: usize = 1024;
/// How often a wait for a line looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// Lines without their ends.
pub(super) struct Lines {
    receiver: Receiver<io::Result<Vec<u8>>>,
    cancel: CancelToken,
    number: usize,
}

impl Lines {
    pub(super) fn of_file(path: &Path, cancel: &CancelToken) -> Result<Self> {
        let what = || path.display().to_string();
        let file = File::open(path).map_err(Failure::io(what()))?;
        if file.metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(Failure::Failed(format!("{} is a folder, not a file of inputs", what())));
        }
        Self::of(file, cancel)
    }

    pub(super) fn of_stdin(cancel: &CancelToken) -> Result<Self> {
        Self::of(io::stdin(), cancel)
    }

    fn of(reader: impl Read + Send + 'static, cancel: &CancelToken) -> Result<Self> {
        let (sender, receiver) = sync_channel(AHEAD);
        let read = move || {
            let mut reader = BufReader::with_capacity(1 << 16, reader);
            while let Some(line) = read_line(&mut reader) {
                let failed = line.is_err();
                if sender.send(line).is_err() || failed {
                    break;
                }
            }
        };
        std::thread::Builder::new().spawn(read).map_err(Failure::io("a thread to read inputs"))?;
        Ok(Self { receiver, cancel: cancel.clone(), number: 0 })
    }

    /// The number of the line that was given last, from 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<io::Result<Vec<u8>>> {
    let mut line = Vec::new();
    match reader.read_until(b'\n', &mut line) {
        Ok(0) => None,
        Ok(_) => {
            if line.pop_if(|byte| *byte == b'\n').is_some() {
                line.pop_if(|byte| *byte == b'\r');
            }
            Some(Ok(line))
        }
        Err(error) => Some(Err(error)),
    }
}

impl Iterator for Lines {
    type Item = io::Result<Vec<u8>>;

    /// The next line; none at the end, or when the run was cancelled.
    fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        loop {
            match self.receiver.recv_timeout(GLANCE) {
                Ok(line) => {
                    self.number += 1;
                    return Some(line);
                }
                Err(RecvTimeoutError::Timeout) if !self.cancel.is_cancelled() => {}
                Err(_) => return None,
            }
        }
    }
}
