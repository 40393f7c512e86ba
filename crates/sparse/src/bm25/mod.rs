//! BM25's term frequencies as sparse vectors: no model, no session, no download.
//!
//! The search engine multiplies by inverse document frequencies; the two together are BM25
//! (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009).

mod lexicon;
mod options;
mod saturation;
mod stemming;

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::{Error, Result, Role};
use embedkit_vector::SparseVector;

use crate::text::WordSplitter;
use lexicon::{Counts, Lexicons};
pub use options::{Bm25Builder, Bm25Options, Splitting};
pub use saturation::Saturation;
use stemming::Stemming;

/// Turns texts into BM25's sparse vectors.
///
/// An index is the [hash](crate::text::term_index) of a stem. Should two stems of a text have one index,
/// the weight of the one that appears later stands there.
///
/// ```
/// use embedkit_sparse::bm25::Bm25;
///
/// let bm25 = Bm25::builder().build()?;
/// let document = bm25.document("Hello World")?;
/// assert_eq!(document.indices(), [74_040_069, 613_153_351]);
/// assert!(document.dot(&bm25.query("the worlds")?) > 1.6);
/// # Ok::<(), embedkit_core::Error>(())
/// ```
pub struct Bm25 {
    options: Bm25Options,
    splitter: Arc<dyn WordSplitter>,
    stemming: Stemming,
    lexicons: Lexicons,
}

impl Bm25 {
    /// Sets options, splitter, stemmer and files.
    pub fn builder() -> Bm25Builder {
        Bm25Builder::default()
    }

    /// The options.
    pub fn options(&self) -> &Bm25Options {
        &self.options
    }

    /// The vector of a text that is searched in: for each stem, the term-frequency part of BM25.
    ///
    /// # Errors
    /// A text that the splitter or the stemmer refuses.
    pub fn document(&self, text: &str) -> Result<SparseVector> {
        Ok(self.embed(text, Role::Passage)?.0)
    }

    /// The vector of a text that is searched for: 1 for each stem.
    ///
    /// # Errors
    /// A text that the splitter or the stemmer refuses.
    pub fn query(&self, text: &str) -> Result<SparseVector> {
        Ok(self.embed(text, Role::Query)?.0)
    }

    /// Number of words, before any is left out.
    ///
    /// # Errors
    /// A text that the splitter refuses.
    pub fn word_count(&self, text: &str) -> Result<usize> {
        let mut words = 0;
        self.splitter.split(text, &mut |_| words += 1)?;
        Ok(words)
    }

    /// The vector of a text of this role, and its [`word_count`](Self::word_count).
    pub(crate) fn embed(&self, text: &str, role: Role) -> Result<(SparseVector, usize)> {
        self.counted(text, |counts| {
            let (saturation, length) = (self.options.saturation(), counts.kept());
            let weight = |count| match role {
                Role::Query => 1.0,
                Role::Plain | Role::Passage => saturation.weight(count, length) as f32,
            };
            let vector = SparseVector::from_entries(counts.terms().map(|term| (term.index, weight(term.count))))?;
            Ok((vector, counts.words()))
        })?
    }

    /// The stems of a text by their index.
    ///
    /// # Errors
    /// A text that the splitter or the stemmer refuses.
    pub fn stems(&self, text: &str) -> Result<HashMap<u32, String>> {
        self.counted(text, |counts| counts.terms().map(|term| (term.index, term.stem.to_string())).collect())
    }

    /// Sets `avg_len` to the average length of these texts, in stems, and returns it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when the texts have no stem among them, or the splitter or the stemmer refuses one.
    pub fn fit<S: AsRef<str>>(&mut self, corpus: impl IntoIterator<Item = S>) -> Result<f64> {
        let (mut texts, mut stems) = (0_u64, 0_u64);
        for text in corpus {
            stems += u64::from(self.counted(text.as_ref(), Counts::kept)?);
            texts += 1;
        }
        if stems == 0 {
            return Err(Error::input("no average length can be had of a corpus without any term"));
        }
        self.options.avg_len = stems as f64 / texts as f64;
        Ok(self.options.avg_len)
    }

    fn counted<R>(&self, text: &str, read: impl FnOnce(&Counts) -> R) -> Result<R> {
        let mut lexicon = self.lexicons.take();
        let split = self.splitter.split(text, &mut |word| lexicon.count(word, &self.stemming));
        let failure = lexicon.take_failure();
        let result = read(lexicon.counts());
        self.lexicons.give(lexicon);
        split.and(failure.map_or(Ok(result), Err))
    }
}

impl std::fmt::Debug for Bm25 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bm25").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
