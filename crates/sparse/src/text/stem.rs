//! What is left of a word when its endings are taken off.

use std::borrow::Cow;

use embedkit_core::{Error, Result};

use super::language;

/// Reduces a word to its stem, so that forms of one word meet.
pub trait Stemmer: Send + Sync {
    /// The stem of a lower-case word; an empty one leaves the word out.
    ///
    /// # Errors
    /// A word that cannot be stemmed: the text that it stands in then has no vector.
    fn stem<'w>(&self, word: &'w str) -> Result<Cow<'w, str>>;
}

/// A Snowball stemmer; English is "Porter 2".
pub struct Snowball(rust_stemmers::Stemmer);

impl Snowball {
    /// The stemmer of English.
    pub(crate) fn english() -> Self {
        Self(rust_stemmers::Stemmer::create(rust_stemmers::Algorithm::English))
    }

    /// The stemmer of a language, by its English name in lower case.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a language without one; the message lists those there are.
    pub fn new(language: &str) -> Result<Self> {
        match language::algorithm(language) {
            Some(algorithm) => Ok(Self(rust_stemmers::Stemmer::create(algorithm))),
            None => Err(Error::option("language", unsupported(language))),
        }
    }

    /// The stem of a lower-case word; no word is too strange.
    pub fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        self.0.stem(word)
    }
}

fn unsupported(language: &str) -> String {
    let known: Vec<&str> = language::languages().collect();
    format!(
        "there is no stemmer for {language:?}; there is one for {}; for other languages disable the stemmer or give \
         one of your own",
        known.join(", ")
    )
}

impl Stemmer for Snowball {
    fn stem<'w>(&self, word: &'w str) -> Result<Cow<'w, str>> {
        Ok(Self::stem(self, word))
    }
}

impl std::fmt::Debug for Snowball {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snowball")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn english_is_porter_2() {
        let stemmer = Snowball::new("english").unwrap();
        for (word, stem) in [
            ("sentence", "sentenc"),
            ("screeched", "screech"),
            ("[CLS]", "[CLS]"),
            ("fairly", "fair"),
            ("Running", "Run"),
            ("'s", "'s"),
            ("9°", "9°"),
            ("generously", "generous"),
            ("dying", "die"),
            ("news", "news"),
            ("skis", "ski"),
            ("_", "_"),
        ] {
            assert_eq!(stemmer.stem(word), stem);
        }
    }

    #[test]
    fn an_unsupported_language_is_named() {
        let error = Snowball::new("klingon").unwrap_err().to_string();
        assert!(error.contains("klingon") && error.contains("tamil, turkish"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_word_is_too_strange(word in r"[\p{Greek}\p{Arabic}\p{Tamil}a-zßøåäöüığşçéíóőâîа-я'_0-9]{0,16}|\PC{0,8}") {
            for language in language::languages() {
                Snowball::new(language).unwrap().stem(&word);
            }
        }
    }
}
