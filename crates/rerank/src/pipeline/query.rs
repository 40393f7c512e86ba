//! A query's tokens, read once for all its documents.

use std::sync::{Arc, Mutex, TryLockError};

use embedkit_core::Result;
use embedkit_core::tokenizer::{FirstOfPair, Tokenizer};

/// The query that was read last: the documents of one query come one after another.
#[derive(Debug, Default)]
pub(super) struct LastQuery(Mutex<Option<Arc<FirstOfPair>>>);

impl LastQuery {
    /// The query as the tokenizer reads it.
    pub(super) fn read(&self, tokenizer: &Tokenizer, query: &str) -> Result<Arc<FirstOfPair>> {
        if let Some(last) = self.last().filter(|last| last.text() == query) {
            return Ok(last);
        }
        let read = Arc::new(tokenizer.first_of_pair(query)?);
        self.with(|last| *last = Some(read.clone()));
        Ok(read)
    }

    fn last(&self) -> Option<Arc<FirstOfPair>> {
        self.with(|last| last.clone()).flatten()
    }

    /// Does something with it, unless another thread does: reading a query again is less than waiting, and a child that
    /// was forked while the lock was taken would wait for ever.
    fn with<T>(&self, work: impl FnOnce(&mut Option<Arc<FirstOfPair>>) -> T) -> Option<T> {
        match self.0.try_lock() {
            Ok(mut last) => Some(work(&mut last)),
            Err(TryLockError::Poisoned(poisoned)) => Some(work(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedkit_core::tokenizer::{TokenizerFiles, TokenizerOptions};

    fn tokenizer() -> Tokenizer {
        let json = br#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "red": 1, "blue": 2}}}"#;
        let mut options = TokenizerOptions::default();
        options.max_length = Some(8);
        Tokenizer::load(&TokenizerFiles::new(&json[..]), &options).unwrap()
    }

    #[test]
    fn a_query_is_read_once_until_another_comes() {
        let (tokenizer, last) = (tokenizer(), LastQuery::default());
        let read = |query: &str| last.read(&tokenizer, query).unwrap();
        let first = read("red");
        assert!(Arc::ptr_eq(&first, &read("red")));
        let row = |query: &str| tokenizer.encode_after(&read(query), "blue").unwrap().ids;
        assert_eq!((row("blue"), row("red")), (vec![2, 2], vec![1, 2]));
        assert!(!Arc::ptr_eq(&first, &read("red")), "another was read in between");
    }

    #[test]
    fn nobody_waits_for_who_reads() {
        let (tokenizer, last) = (tokenizer(), LastQuery::default());
        let _taken = last.0.lock().unwrap();
        assert_eq!(last.read(&tokenizer, "red").unwrap().text(), "red");
    }
}
