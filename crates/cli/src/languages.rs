//! Languages by their English names and their codes: catalogues have codes, people and BM25 names.

/// The code of BCP 47, and the English name.
const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "arabic"),
    ("bn", "bengali"),
    ("ca", "catalan"),
    ("cs", "czech"),
    ("da", "danish"),
    ("de", "german"),
    ("el", "greek"),
    ("en", "english"),
    ("es", "spanish"),
    ("fa", "persian"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("he", "hebrew"),
    ("hi", "hindi"),
    ("hu", "hungarian"),
    ("hy", "armenian"),
    ("id", "indonesian"),
    ("it", "italian"),
    ("ja", "japanese"),
    ("ko", "korean"),
    ("nl", "dutch"),
    ("no", "norwegian"),
    ("pl", "polish"),
    ("pt", "portuguese"),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sv", "swedish"),
    ("ta", "tamil"),
    ("th", "thai"),
    ("tr", "turkish"),
    ("uk", "ukrainian"),
    ("ur", "urdu"),
    ("vi", "vietnamese"),
    ("zh", "chinese"),
];

/// The English names of the languages.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(_, name)| *name)
}

/// The code of a language by its name, in any case, or by its code.
pub(crate) fn code(language: &str) -> String {
    let language = language.to_lowercase();
    let known = LANGUAGES.iter().find(|(_, name)| *name == language);
    known.map_or(language, |(code, _)| (*code).to_owned())
}

/// The English name of a language by its code, or by its name.
pub(crate) fn name(language: &str) -> String {
    let language = language.to_lowercase();
    let known = LANGUAGES.iter().find(|(code, _)| *code == language);
    known.map_or(language, |(_, name)| (*name).to_owned())
}
