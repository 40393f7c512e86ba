//! A session's place in a pool, where it can be opened again.

use ort::session::Session;

use super::open::Opener;
use crate::Result;

/// A session, and what it takes to open it again.
pub(super) struct Slot {
    /// None after a run had too little memory for it.
    session: Option<Session>,
    number: usize,
    threads: usize,
}

impl Slot {
    /// A session that was opened under this number, with so many threads.
    pub(super) fn new(session: Session, number: usize, threads: usize) -> Self {
        Self { session: Some(session), number, threads }
    }

    /// The session, which is opened if there is none.
    pub(super) fn session(&mut self, opener: &Opener) -> Result<&mut Session> {
        let session = match self.session.take() {
            Some(session) => session,
            None => opener.session(self.number, self.threads)?,
        };
        Ok(self.session.insert(session))
    }

    /// Gives back all memory that the session holds: the next run opens it again.
    pub(super) fn close(&mut self) {
        self.session = None;
    }
}

/// Whether a run had too little memory. What a session took for it before stays taken for as long as there is the session,
/// so that runs which need less may fail too.
pub(super) fn is_out_of_memory(error: &ort::Error) -> bool {
    const WORDS: [&str; 4] = ["failed to allocate memory", "bad_alloc", "bad allocation", "out of memory"];
    let message = error.message().to_lowercase();
    WORDS.iter().any(|words| message.contains(words))
}
