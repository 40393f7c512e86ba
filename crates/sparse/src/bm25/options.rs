//! BM25's options, and what is built from them.

use std::collections::HashSet;
use std::sync::Arc;

use embedkit_core::{Error, ModelFiles, Result};
use foldhash::fast::RandomState;
use serde::Deserialize;

use super::lexicon::Lexicons;
use super::stemming::Stemming;
use super::{Bm25, Saturation};
use crate::text::{self, CjkBigrams, Snowball, Stemmer, UnicodeWords, WordSplitter};

/// BM25's options. As a row's `parameters` their names are in kebab case, with the defaults here for those left out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Bm25Options {
    /// The language of stemmer and stop words, by its English name in lower case. Default: `english`.
    pub language: String,
    /// How soon further occurrences of a term cease to add weight, from 0. Default: 1.2.
    pub k: f64,
    /// How much a text's length counts against it, from 0 to 1. Default: 0.75.
    pub b: f64,
    /// Average length of the texts, in terms; [`Bm25::fit`] finds it. Default: 256.
    #[serde(alias = "avg_len")]
    pub avg_len: f64,
    /// Longest word that counts, in characters. Default: 40.
    #[serde(alias = "token_max_length")]
    pub token_max_length: usize,
    /// Leaves words as they are, and leaves out no stop words but those given. Default: no.
    #[serde(alias = "disable_stemmer")]
    pub disable_stemmer: bool,
    /// Words to leave out; none at all if empty. Default: the language's.
    pub stopwords: Option<Vec<String>>,
    /// What a word is. Default: what it is to the reference.
    pub words: Splitting,
}

/// What a word is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Splitting {
    /// A run of letters and numbers: [`UnicodeWords`], the reference's rule.
    #[default]
    Unicode,
    /// As before, with combining marks inside words: [`UnicodeWords::keeping_marks`].
    UnicodeMarks,
    /// Neighbouring characters of Chinese, Japanese and Korean: [`CjkBigrams`].
    CjkBigrams,
    /// A token of the model files' `tokenizer.json`: `TokenWords`, with the feature `tokenizer`.
    Tokenizer,
}

impl Default for Bm25Options {
    fn default() -> Self {
        Self {
            language: "english".to_owned(),
            k: 1.2,
            b: 0.75,
            avg_len: 256.0,
            token_max_length: 40,
            disable_stemmer: false,
            stopwords: None,
            words: Splitting::Unicode,
        }
    }
}

impl Bm25Options {
    pub(crate) fn saturation(&self) -> Saturation {
        Saturation { k: self.k, b: self.b, avg_len: self.avg_len }
    }
}

/// Builds a [`Bm25`].
#[derive(Clone, Default)]
#[must_use]
pub struct Bm25Builder {
    options: Bm25Options,
    files: Option<ModelFiles>,
    #[cfg(feature = "tokenizer")]
    tokenizer_folder: String,
    splitter: Option<Arc<dyn WordSplitter>>,
    stemmer: Option<Arc<dyn Stemmer>>,
}

impl Bm25Builder {
    /// Sets all options at once. Default: [`Bm25Options::default`].
    pub fn options(mut self, options: Bm25Options) -> Self {
        self.options = options;
        self
    }

    /// The language of stemmer and stop words, by its English name in lower case. Default: `english`.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.options.language = language.into();
        self
    }

    /// How soon further occurrences of a term cease to add weight, from 0. Default: 1.2.
    pub fn k(mut self, k: f64) -> Self {
        self.options.k = k;
        self
    }

    /// How much a text's length counts against it, from 0 to 1. Default: 0.75.
    pub fn b(mut self, b: f64) -> Self {
        self.options.b = b;
        self
    }

    /// Average length of the texts, in terms. Default: 256.
    pub fn avg_len(mut self, avg_len: f64) -> Self {
        self.options.avg_len = avg_len;
        self
    }

    /// Longest word that counts, in characters. Default: 40.
    pub fn token_max_length(mut self, characters: usize) -> Self {
        self.options.token_max_length = characters;
        self
    }

    /// Leaves words as they are, and leaves out no stop words but those given. Default: no.
    pub fn disable_stemmer(mut self, disable: bool) -> Self {
        self.options.disable_stemmer = disable;
        self
    }

    /// Words to leave out. Default: the language's.
    pub fn stopwords<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.options.stopwords = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// Takes stop words from `<language>.txt` of a model's files. Default: those compiled in.
    pub fn files(mut self, files: ModelFiles) -> Self {
        self.files = Some(files);
        self
    }

    /// Takes the `tokenizer.json` of [`Splitting::Tokenizer`] from this folder of the model's files. Default: their own.
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer_folder(mut self, folder: impl Into<String>) -> Self {
        self.tokenizer_folder = folder.into();
        self
    }

    /// Splits texts by a rule of the caller's own. Default: what the option `words` says.
    pub fn splitter(mut self, splitter: impl WordSplitter + 'static) -> Self {
        self.splitter = Some(Arc::new(splitter));
        self
    }

    /// Stems words by a rule of the caller's own; the language then may be any. Default: the language's Snowball stemmer.
    pub fn stemmer(mut self, stemmer: impl Stemmer + 'static) -> Self {
        self.stemmer = Some(Arc::new(stemmer));
        self
    }

    /// BM25 with these options.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for numbers out of range, a language without stemmer, and a stemmer that is both
    /// given and disabled; [`Error::MissingFile`] when the files lack the stop words.
    pub fn build(self) -> Result<Bm25> {
        self.options.saturation().check()?;
        let stemmer = self.choose_stemmer()?;
        let stemming = Stemming { stop_words: self.stop_words()?, longest: self.options.token_max_length, stemmer };
        let splitter = self.splitter.clone().map_or_else(|| self.default_splitter(), Ok)?;
        Ok(Bm25 { options: self.options, splitter, stemming, lexicons: Lexicons::default() })
    }

    fn choose_stemmer(&self) -> Result<Option<Arc<dyn Stemmer>>> {
        match (&self.stemmer, self.options.disable_stemmer) {
            (Some(_), true) => {
                Err(Error::option("disable-stemmer", "a stemmer is given and disabled; do one of the two"))
            }
            (Some(stemmer), false) => Ok(Some(stemmer.clone())),
            (None, true) => Ok(None),
            (None, false) => Ok(Some(Arc::new(Snowball::new(&self.options.language)?))),
        }
    }

    fn stop_words(&self) -> Result<HashSet<String, RandomState>> {
        if let Some(words) = &self.options.stopwords {
            return Ok(words.iter().map(|word| word.to_lowercase()).collect());
        }
        let compiled_in = text::stop_words(&self.options.language);
        let (false, true) = (self.options.disable_stemmer, text::languages().any(|l| l == self.options.language))
        else {
            return Ok(HashSet::default());
        };
        let file = format!("{}.txt", self.options.language);
        match &self.files {
            Some(files) if files.has(&file) => Ok(text::lines(&files.text(&file)?).map(str::to_owned).collect()),
            Some(files) if compiled_in.is_some() => Err(Error::MissingFile {
                path: files.label(&file),
                needed_for: format!(
                    "it holds the stop words of {}; name them with the option `stopwords`, or give no model folder to \
                     use those compiled in",
                    self.options.language
                ),
            }),
            _ => Ok(compiled_in.unwrap_or_default().iter().map(|word| (*word).to_owned()).collect()),
        }
    }

    fn default_splitter(&self) -> Result<Arc<dyn WordSplitter>> {
        Ok(match self.options.words {
            Splitting::Unicode => Arc::new(UnicodeWords::default()),
            Splitting::UnicodeMarks => Arc::new(UnicodeWords::keeping_marks()),
            Splitting::CjkBigrams => Arc::new(CjkBigrams::new()),
            Splitting::Tokenizer => self.token_words()?,
        })
    }

    #[cfg(feature = "tokenizer")]
    fn token_words(&self) -> Result<Arc<dyn WordSplitter>> {
        let files = self.files.clone().unwrap_or_else(ModelFiles::none);
        Ok(Arc::new(text::TokenWords::load(&files, &self.tokenizer_folder)?))
    }

    #[cfg(not(feature = "tokenizer"))]
    fn token_words(&self) -> Result<Arc<dyn WordSplitter>> {
        Err(Error::option("words", "`tokenizer` needs the feature `tokenizer` of embedkit-sparse"))
    }
}

impl std::fmt::Debug for Bm25Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bm25Builder").field("options", &self.options).finish_non_exhaustive()
    }
}
