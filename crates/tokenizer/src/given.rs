//! Rows of ids that the caller has.

use crate::frame::cut;
use crate::{Encoding, Error, Result, Tokenizer};

impl Tokenizer {
    /// A row of ids as they are: special tokens are the caller's. Ids that do not fit the window are cut as a text's are,
    /// between the special tokens that rows have around texts, where they begin and end with these.
    ///
    /// # Errors
    /// [`Error::RefusedText`] for ids that are not of the vocabulary, and for none.
    pub fn row(&self, ids: &[u32]) -> Result<Encoding> {
        self.check_ids(ids)?;
        if ids.is_empty() {
            return Err(Error::RefusedText { reason: "there are no token ids".to_owned(), source: None });
        }
        let room = self.max_length();
        let truncated = ids.len() > room;
        let ids = if truncated { self.shortened(ids, room) } else { ids.to_vec() };
        Ok(Encoding { type_ids: vec![0; ids.len()], ids, truncated })
    }

    /// Refuses ids that the vocabulary lacks.
    pub(crate) fn check_ids(&self, ids: &[u32]) -> Result<()> {
        match ids.iter().find(|id| self.token(**id).is_none()) {
            Some(id) => Err(Error::RefusedText { reason: format!("no token has the id {id}"), source: None }),
            None => Ok(()),
        }
    }

    fn shortened(&self, ids: &[u32], room: usize) -> Vec<u32> {
        let (before, behind) = self.single.ends();
        let before = if ids.starts_with(&before) { before } else { Vec::new() };
        let behind = if ids.ends_with(&behind) { behind } else { Vec::new() };
        let mut text = ids[before.len()..ids.len() - behind.len()].to_vec();
        cut(&mut text, room - before.len() - behind.len(), self.truncation_side);
        [before, text, behind].concat()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tokenizer, TokenizerFiles, TokenizerOptions};

    const VOCABULARY: &str = r#"{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "b": 5, "c": 6, "d": 7}"#;

    fn tokenizer() -> Tokenizer {
        let json = format!(
            r###"{{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": {{"type": "Whitespace"}},
                "post_processor": {{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}}, "decoder": null,
                "model": {{"type": "WordLevel", "vocab": {VOCABULARY}, "unk_token": "[UNK]"}}}}"###
        );
        let options = TokenizerOptions { max_length: Some(5), ..TokenizerOptions::default() };
        Tokenizer::load(&TokenizerFiles::new(json.into_bytes()), &options).unwrap()
    }

    #[test]
    fn ids_are_taken_as_they_are_and_cut_as_a_text_is() {
        let tokenizer = tokenizer();
        for (ids, expected, truncated) in [
            (&[4, 5][..], &[4, 5][..], false),
            (&[2, 4, 5, 6, 3], &[2, 4, 5, 6, 3], false),
            (&[2, 4, 5, 6, 7, 3], &[2, 4, 5, 6, 3], true),
            (&[4, 5, 6, 7, 4, 5], &[4, 5, 6, 7, 4], true),
            (&[4, 5, 6, 7, 4, 3], &[4, 5, 6, 7, 3], true),
            (&[1, 0, 3], &[1, 0, 3], false),
        ] {
            let row = tokenizer.row(ids).unwrap();
            assert_eq!((&*row.ids, row.truncated), (expected, truncated), "{ids:?}");
            assert_eq!(row.type_ids, vec![0; row.ids.len()]);
        }
        let text = tokenizer.encode("a b").unwrap();
        assert_eq!(tokenizer.row(&text.ids).unwrap(), text);
        for (ids, told) in [(&[4, 8][..], "id 8"), (&[], "no token ids")] {
            assert!(tokenizer.row(ids).unwrap_err().to_string().contains(told), "{ids:?}");
        }
    }
}
