//! The languages that have a stemmer, and their stop words.

use rust_stemmers::Algorithm;

/// A language's English name, its stemmer, and its code among the stop words.
type Language = (&'static str, Algorithm, &'static str);

#[rustfmt::skip]
static LANGUAGES: [Language; 18] = [
    ("arabic",     Algorithm::Arabic,     "ar"),
    ("danish",     Algorithm::Danish,     "da"),
    ("dutch",      Algorithm::Dutch,      "nl"),
    ("english",    Algorithm::English,    "en"),
    ("finnish",    Algorithm::Finnish,    "fi"),
    ("french",     Algorithm::French,     "fr"),
    ("german",     Algorithm::German,     "de"),
    ("greek",      Algorithm::Greek,      "el"),
    ("hungarian",  Algorithm::Hungarian,  "hu"),
    ("italian",    Algorithm::Italian,    "it"),
    ("norwegian",  Algorithm::Norwegian,  "no"),
    ("portuguese", Algorithm::Portuguese, "pt"),
    ("romanian",   Algorithm::Romanian,   "ro"),
    ("russian",    Algorithm::Russian,    "ru"),
    ("spanish",    Algorithm::Spanish,    "es"),
    ("swedish",    Algorithm::Swedish,    "sv"),
    // NLTK has since got Tamil stop words; the model repository has none, and neither have its users' indices.
    ("tamil",      Algorithm::Tamil,      ""),
    ("turkish",    Algorithm::Turkish,    "tr"),
];

/// The languages that have a stemmer, by their English names in lower case.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(name, ..)| *name)
}

pub(super) fn algorithm(language: &str) -> Option<Algorithm> {
    find(language).map(|(_, algorithm, _)| *algorithm)
}

/// The stop words of a language, by its English name in lower case: NLTK's lists. None for other
/// languages, and for Tamil, which has none.
///
/// The model repository `Qdrant/bm25` has NLTK's lists of an earlier date. English has since got
/// further contractions (`he'd`, `i'll`), which no splitter here gives as one word, so that results
/// are the same. A model folder's own files go before these lists.
pub fn stop_words(language: &str) -> Option<&'static [&'static str]> {
    find(language).and_then(|(_, _, code)| stop_words::lookup(code))
}

fn find(language: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|(name, ..)| *name == language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_but_tamil_has_stop_words() {
        for language in languages() {
            let words = stop_words(language).unwrap_or_default();
            assert_eq!(words.len() > 40, language != "tamil", "{language}");
        }
        assert!(stop_words("English").is_none() && stop_words("klingon").is_none());
        assert!(["the", "is", "a", "and", "of"].iter().all(|word| stop_words("english").unwrap().contains(word)));
    }
}
